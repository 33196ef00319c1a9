"""The sitemap."""

from lib import sitemap


def GET() -> str:
    return sitemap.sitemap()
