"""A sitemap by hand. ``dynamic = "error"``: should it ever read the request or the clock, the build fails."""

from xml.sax.saxutils import escape

from lib.almanac import load_entries, load_tags
from lib.guide import load_guide
from lib.pages import absolute

from staticroutes import Request, Response

dynamic = "error"


def GET(request: Request) -> Response:
    entries = load_entries()
    pages = dict.fromkeys(("/", "/atlas"), entries[-1].date)
    pages |= {f"/entries/{entry.slug}": entry.date for entry in entries}
    pages |= {f"/atlas/{'/'.join(entry.place.path)}": entry.date for entry in entries}
    for tag in load_tags():
        pages[f"/tags/{tag}"] = max(entry.date for entry in entries if tag in entry.tags)
    others = ["/guide", *(f"/guide/{'/'.join(page.path)}" for page in load_guide()), "/guestbook", "/about"]
    rows = [
        f"<url><loc>{escape(absolute(request, path))}</loc><lastmod>{day.isoformat()}</lastmod></url>"
        for path, day in pages.items()
    ]
    rows += [f"<url><loc>{escape(absolute(request, path))}</loc></url>" for path in others]
    first = '<?xml version="1.0" encoding="UTF-8"?>'
    second = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return Response.xml("\n".join([first, second, *rows, "</urlset>\n"]))
