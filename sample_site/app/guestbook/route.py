"""``revalidate``: static, and made anew in the background when it is more than an hour old."""

from lib.almanac import load_notes
from lib.pages import page

from staticroutes import Request, Response

revalidate = 3600


def GET(request: Request) -> Response:
    return page(request, "guestbook.html", notes=load_notes())
