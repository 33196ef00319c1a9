from collections.abc import Iterator

from lib.data import answer, slugs

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    for slug in slugs():
        yield {"slug": slug}


def GET(request: Request, context: RouteContext) -> dict[str, object]:
    return answer(context.params["slug"])
