"""API v1: the products of a category."""

from collections.abc import Iterator

from lib import api_v1
from lib.catalogue import catalogue

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return ({"category": name} for name in catalogue().categories)


def GET(request: Request, context: RouteContext) -> str:
    return api_v1.category(context.params["category"])
