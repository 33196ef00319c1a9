"""Plain text: the string is the file."""

from lib.pages import absolute

from staticroutes import Request


def GET(request: Request) -> str:
    return (
        f"User-agent: *\nDisallow: /search\nDisallow: /desk\n\nSitemap: {absolute(request, '/sitemap.xml')}\n"
    )
