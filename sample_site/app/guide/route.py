"""The contents of the guide: the bare path beside a catch-all that does not answer it."""

from lib.guide import load_guide
from lib.pages import page

from staticroutes import Request, Response


def GET(request: Request) -> Response:
    return page(request, "guide.html", pages=load_guide(), page=None)
