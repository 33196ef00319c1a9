"""API v1: the newest release of a product."""

from collections.abc import Iterator

from lib import api_v1
from lib.catalogue import find_product, product_params

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return product_params()


def GET(request: Request, context: RouteContext) -> str:
    return api_v1.latest_release(find_product(context.params))
