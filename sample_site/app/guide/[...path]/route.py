"""A catch-all: folders below ``content/guide/`` become paths of any depth."""

from lib.guide import load_guide
from lib.pages import page

from staticroutes import Request, Response, RouteContext, not_found

dynamic_params = False


def generate_static_params() -> list[dict[str, list[str]]]:
    return [{"path": each.path} for each in load_guide()]


def GET(request: Request, context: RouteContext) -> Response:
    pages = load_guide()
    chosen = next((each for each in pages if each.path == context.params["path"]), None)
    if chosen is None:
        not_found()
    return page(request, "guide.html", pages=pages, page=chosen)
