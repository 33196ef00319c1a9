"""A page that needs nothing but its template."""

from lib.pages import page

from staticroutes import Request, Response


def GET(request: Request) -> Response:
    return page(request, "about.html")
