"""A JSON collection. Its items need ``api/entries/`` as a folder; it becomes ``api/entries/index.json``."""

from lib.almanac import load_entries
from lib.pages import absolute

from staticroutes import Request, Response


def GET(request: Request) -> Response:
    entries = [
        {
            "slug": entry.slug,
            "date": entry.date,
            "title": entry.title,
            "summary": entry.summary,
            "tags": entry.tags,
            "url": absolute(request, f"/api/entries/{entry.slug}.json"),
        }
        for entry in load_entries()
    ]
    return Response.json(
        {"count": len(entries), "entries": entries}, headers={"access-control-allow-origin": "*"}
    )
