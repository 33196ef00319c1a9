"""Dynamic segments without ``generate_static_params``: nobody can list every point."""

from math import acos, cos, radians, sin

from lib.almanac import Place, load_entries
from lib.pages import absolute

from staticroutes import Request, RouteContext, not_found


def kilometres(latitude: float, longitude: float, place: Place) -> float:
    here, there = radians(latitude), radians(place.latitude)
    turn = cos(radians(longitude - place.longitude))
    return 6371 * acos(min(1, sin(here) * sin(there) + cos(here) * cos(there) * turn))


def GET(request: Request, context: RouteContext) -> list[dict[str, object]]:
    try:
        latitude, longitude = float(context.params["latitude"]), float(context.params["longitude"])
    except ValueError:
        not_found()
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        not_found()
    found = [(kilometres(latitude, longitude, entry.place), entry) for entry in load_entries()]
    nearest = sorted(found, key=lambda pair: pair[0])[:3]
    return [
        {
            "place": entry.place.name,
            "kilometres": round(far, 1),
            "entry": absolute(request, f"/entries/{entry.slug}"),
        }
        for far, entry in nearest
    ]
