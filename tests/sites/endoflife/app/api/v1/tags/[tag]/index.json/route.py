"""API v1: the products that carry a tag."""

from collections.abc import Iterator

from lib import api_v1
from lib.catalogue import catalogue

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return ({"tag": name} for name in catalogue().tags)


def GET(request: Request, context: RouteContext) -> str:
    return api_v1.tag(context.params["tag"])
