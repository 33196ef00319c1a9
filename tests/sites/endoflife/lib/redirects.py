"""Redirects in Netlify's format: fixed ones, aliases of products, and the short URLs of API v1."""

from collections.abc import Iterator

from lib.catalogue import Product, catalogue
from lib.source import read_site_pages

_EDIT = "https://github.com/endoflife-date/endoflife.date/edit/master/products"


def redirects() -> str:
    """``/_redirects``."""
    lines = [f"{source} {target}" for source, target in read_site_pages()["redirects"]]
    for product in catalogue():
        lines += ["", f"# {product.title}", *_product_redirects(product)]
    # Last, for the first rule that matches wins: a folder of API v1 answers with its index.json.
    lines += ["", "/api/v1/* /api/v1/:splat/index.json 200!", ""]
    return "\n".join(lines)


def _product_redirects(product: Product) -> Iterator[str]:
    link = product.permalink
    yield f"{link}/_edit {_EDIT}/{product.file}"
    yield f"/api{link} /api{link}.json"
    for alias in product.alternate_urls:
        yield f"{alias} {link}"
        yield f"{alias}.atom {link}.atom"
        yield f"/calendar{alias}.ics /calendar{link}.ics"
        yield f"/api{alias}.json /api{link}.json"
        yield f"/api{alias}/* /api{link}/:splat"
        yield f"/api/v1/products{alias}/* /api/v1/products{link}/:splat"
