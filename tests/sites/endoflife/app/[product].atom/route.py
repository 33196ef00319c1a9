"""What happened to a product, as an Atom feed."""

from collections.abc import Iterator

from lib import atom
from lib.catalogue import find_product, product_params

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return product_params()


def GET(request: Request, context: RouteContext) -> str:
    return atom.product_events(find_product(context.params))
