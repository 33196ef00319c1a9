"""The floor for the endoflife.date site: the same files with no framework.

    python benchmarks/endoflife_bare.py OUT

Calls the functions that the routes of ``tests/sites/endoflife`` call, and writes what they return, one
after the other.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "sites" / "endoflife"))

from lib import api_v0, api_v1, atom, calendars, charts, redirects, sitemap
from lib.catalogue import Product, catalogue


def outputs() -> Iterator[tuple[str, str]]:
    """File and content of everything the site publishes."""
    yield "api/all.json", api_v0.all_products()
    yield "api/v1/index.json", api_v1.index()
    yield "api/v1/products/index.json", api_v1.products()
    yield "api/v1/products/full/index.json", api_v1.products_full()
    for product in catalogue():
        yield from product_outputs(product)
    yield "api/v1/categories/index.json", api_v1.categories()
    for category in catalogue().categories:
        yield f"api/v1/categories/{category}/index.json", api_v1.category(category)
    yield "api/v1/tags/index.json", api_v1.tags()
    for tag in catalogue().tags:
        yield f"api/v1/tags/{tag}/index.json", api_v1.tag(tag)
    yield "api/v1/identifiers/index.json", api_v1.identifier_types()
    for kind in catalogue().identifiers:
        yield f"api/v1/identifiers/{kind}/index.json", api_v1.identifiers(kind)
    yield "new-products.atom", atom.new_products()
    yield "sitemap.xml", sitemap.sitemap()
    yield "_redirects", redirects.redirects()


def product_outputs(product: Product) -> Iterator[tuple[str, str]]:
    """What is published for one product."""
    name = product.id
    yield f"api/{name}.json", api_v0.all_releases(product)
    yield f"api/v1/products/{name}/index.json", api_v1.one_product(product)
    yield f"api/v1/products/{name}/releases/latest/index.json", api_v1.latest_release(product)
    for slug, release in product.releases.items():
        yield f"api/{name}/{slug}.json", api_v0.one_release(product, release)
        yield f"api/v1/products/{name}/releases/{slug}/index.json", api_v1.one_release(product, release)
    yield f"calendar/{name}.ics", calendars.calendar(product)
    yield f"{name}.atom", atom.product_events(product)
    if charts.has_chart(product):
        yield f"{name}.svg", charts.chart(product)


def main(out: Path) -> None:
    """Write all files below a folder."""
    for name, content in outputs():
        file = out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
