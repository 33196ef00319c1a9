"""A page for each entry: ``generate_static_params`` lists the slugs, and any other is a 404."""

from lib.almanac import ZONES, load_entries
from lib.chart import around, coast, point
from lib.pages import page

from staticroutes import Request, Response, RouteContext, not_found

dynamic_params = False


def generate_static_params() -> list[dict[str, str]]:
    return [{"slug": entry.slug} for entry in load_entries()]


def GET(request: Request, context: RouteContext) -> Response:
    entries = load_entries()
    number = next((n for n, entry in enumerate(entries) if entry.slug == context.params["slug"]), None)
    if number is None:
        not_found()
    entry = entries[number]
    x, y = point(entry.place.latitude, entry.place.longitude)
    return page(
        request,
        "entry.html",
        entry=entry,
        earlier=entries[number - 1] if number else None,
        later=entries[number + 1] if number + 1 < len(entries) else None,
        zones=ZONES,
        coast=coast(),
        mark={"x": x, "y": y, "name": entry.place.name, "href": None},
        box=around(entry.place, 3.2),
    )
