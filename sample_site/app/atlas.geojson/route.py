"""Headers of one's own: a content type by name, and leave for other sites to read it."""

from lib.almanac import load_entries
from lib.pages import absolute

from staticroutes import Request, Response


def GET(request: Request) -> Response:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [entry.place.longitude, entry.place.latitude]},
            "properties": {
                "place": entry.place.name,
                "title": entry.title,
                "url": absolute(request, f"/entries/{entry.slug}"),
            },
        }
        for entry in load_entries()
    ]
    headers = {"content-type": "application/geo+json", "access-control-allow-origin": "*"}
    return Response.json({"type": "FeatureCollection", "features": features}, headers=headers)
