"""An optional catch-all: ``/atlas``, ``/atlas/wales`` and ``/atlas/wales/penmon`` from one file."""

from typing import Any

from lib.almanac import Place, load_entries
from lib.chart import HEIGHT, WIDTH, around, coast, point
from lib.pages import coordinates, page

from staticroutes import Request, Response, RouteContext, not_found

dynamic_params = False


def generate_static_params() -> list[dict[str, list[str]]]:
    paths = [entry.place.path for entry in load_entries()]
    nations = sorted({nation for nation, _ in paths})
    return [{}, *({"path": [nation]} for nation in nations), *({"path": path} for path in paths)]


def GET(request: Request, context: RouteContext) -> Response:
    path = context.params.get("path", [])
    entries = [entry for entry in load_entries() if entry.place.path[: len(path)] == path]
    if not entries:
        not_found()
    places = [entry.place for entry in entries]
    first = places[0]
    crumbs = [
        ("Atlas", "/atlas"),
        (first.nation, f"/atlas/{first.path[0]}"),
        (first.name, f"/atlas/{'/'.join(first.path)}"),
    ]
    title = ["Atlas", first.nation, first.name][len(path)]
    about = [
        f"All {len(places)} shores, from Brittany to Orkney. The coast is drawn by hand; do not steer by it.",
        f"Where we walked in {first.nation}, and what we found there.",
        f"{coordinates(first)}. What we found there:",
    ][len(path)]
    return page(
        request,
        "atlas.html",
        title=title,
        about=about,
        crumbs=crumbs[: len(path) + 1],
        nations=by_nation(places) if not path else [],
        entries=entries,
        coast=coast(),
        marks=[mark(place, request.next_url.base_path) for place in places],
        box=around(first, 3.2) if len(path) == 2 else f"0 0 {WIDTH} {HEIGHT}",
        r=4 if len(path) == 2 else 6,
    )


def by_nation(places: list[Place]) -> list[tuple[str, str, list[Place]]]:
    nations = sorted({place.nation for place in places})
    groups = [[place for place in places if place.nation == nation] for nation in nations]
    return [(group[0].nation, f"/atlas/{group[0].path[0]}", group) for group in groups]


def mark(place: Place, base: str) -> dict[str, Any]:
    x, y = point(place.latitude, place.longitude)
    return {"x": x, "y": y, "name": place.name, "href": f"{base}/atlas/{'/'.join(place.path)}"}
