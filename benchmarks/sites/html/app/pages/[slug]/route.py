from collections.abc import Iterator

from lib.pages import page, slugs

from staticroutes import Request, Response, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    for slug in slugs():
        yield {"slug": slug}


def GET(request: Request, context: RouteContext) -> Response:
    return Response.html(page(context.params["slug"]))
