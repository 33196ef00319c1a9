"""A page for each tag; ``generate_static_params`` may be a generator."""

from collections.abc import Iterator

from lib.almanac import load_entries, load_tags
from lib.pages import page

from staticroutes import Request, Response, RouteContext

dynamic_params = False


def generate_static_params() -> Iterator[dict[str, str]]:
    for tag in load_tags():
        yield {"tag": tag}


def GET(request: Request, context: RouteContext) -> Response:
    tag, tags = context.params["tag"], load_tags()
    entries = [entry for entry in load_entries() if tag in entry.tags]
    others = [other for other in tags if other != tag]
    return page(request, "tag.html", tag=tag, about=tags[tag], entries=entries, others=others)
