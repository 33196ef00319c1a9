"""``force-static``: reads the request and stays a file; the URL comes from ``base_url``, no header is set."""

from urllib.parse import urljoin

from lib.almanac import TAGLINE, TITLE, load_entries

from staticroutes import Request, headers

dynamic = "force-static"


def GET(request: Request) -> dict[str, object]:
    links = [
        "feed.xml",
        "feed.atom",
        "feed.json",
        "calendar.ics",
        "export.csv",
        "atlas.geojson",
        "api/entries",
    ]
    return {
        "title": TITLE,
        "tagline": TAGLINE,
        "url": request.url,
        "links": [urljoin(request.url, link) for link in links],
        "entries": len(load_entries()),
        "asked_for_by": headers().get("user-agent"),
    }
