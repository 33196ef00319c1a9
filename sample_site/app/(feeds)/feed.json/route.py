"""JSON Feed 1.1: JSON with a content type of its own, which goes with the file to the host."""

from lib.almanac import TAGLINE, TITLE, load_entries
from lib.pages import absolute
from lib.prose import to_html

from staticroutes import Request, Response


def GET(request: Request) -> Response:
    items = [
        {
            "id": absolute(request, f"/entries/{entry.slug}"),
            "url": absolute(request, f"/entries/{entry.slug}"),
            "title": entry.title,
            "summary": entry.summary,
            "content_html": str(to_html(entry.body, absolute(request, ""))),
            "date_published": entry.published,
            "tags": entry.tags,
        }
        for entry in reversed(load_entries())
    ]
    return Response.json(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": TITLE,
            "description": TAGLINE,
            "home_page_url": absolute(request, "/"),
            "feed_url": absolute(request, "/feed.json"),
            "icon": absolute(request, "/favicon.svg"),
            "language": "en-GB",
            "authors": [{"name": TITLE}],
            "items": items,
        },
        headers={"content-type": "application/feed+json; charset=utf-8"},
    )
