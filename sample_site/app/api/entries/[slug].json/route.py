"""Literal text round a dynamic segment: ``/api/entries/the-way-home.json``. A dataclass becomes JSON."""

from lib.almanac import Entry, find_entry, load_entries

from staticroutes import Request, RouteContext, not_found

dynamic_params = False


def generate_static_params() -> list[dict[str, str]]:
    return [{"slug": entry.slug} for entry in load_entries()]


def GET(request: Request, context: RouteContext) -> Entry:
    return find_entry(context.params["slug"]) or not_found()
