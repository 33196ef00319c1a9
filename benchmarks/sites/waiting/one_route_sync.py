from collections.abc import Iterator

from lib.data import answer, slugs, wait_blocking

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    for slug in slugs():
        yield {"slug": slug}


def GET(request: Request, context: RouteContext) -> dict[str, object]:
    wait_blocking()
    return answer(context.params["slug"])
