from collections.abc import Iterator

from lib.data import item, slugs

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    for slug in slugs():
        yield {"slug": slug}


def GET(request: Request, context: RouteContext) -> dict[str, object]:
    return item(context.params["slug"])
