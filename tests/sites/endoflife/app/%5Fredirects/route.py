"""``/_redirects`` for Netlify; the name is escaped, for a folder ``_redirects`` would be private."""

from lib import redirects


def GET() -> str:
    return redirects.redirects()
