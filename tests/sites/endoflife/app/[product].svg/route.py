"""The release chart of a product, for those that have one."""

from collections.abc import Iterator

from lib import charts
from lib.catalogue import catalogue, find_product

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return ({"product": product.id} for product in catalogue() if charts.has_chart(product))


def GET(request: Request, context: RouteContext) -> str:
    return charts.chart(find_product(context.params))
