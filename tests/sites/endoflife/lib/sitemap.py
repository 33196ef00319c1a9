"""The sitemap: pages, products with their API files, and tags."""

from html import escape

from lib.catalogue import catalogue
from lib.source import SITE, read_site_pages


def sitemap() -> str:
    """``/sitemap.xml``."""
    urls = [_url(page["path"], page["lastmod"]) for page in read_site_pages()["pages"]]
    for product in catalogue():
        urls.append(_url(product.permalink, product.last_modified))
        urls.append(_url(f"/api{product.permalink}.json", product.last_modified))
    urls.append(_url("/tags/"))
    urls += [_url(f"/tags/{tag}") for tag in catalogue().tags]
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{"".join(urls)}</urlset>
"""


def _url(path: str, last_modified: str | None = None) -> str:
    changed = f"<lastmod>{last_modified}</lastmod>" if last_modified else ""
    return f"  <url><loc>{SITE}{escape(path)}</loc>{changed}</url>\n"
