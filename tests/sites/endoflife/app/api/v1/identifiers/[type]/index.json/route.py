"""API v1: all identifiers of a type."""

from collections.abc import Iterator

from lib import api_v1
from lib.catalogue import catalogue

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return ({"type": name} for name in catalogue().identifiers)


def GET(request: Request, context: RouteContext) -> str:
    return api_v1.identifiers(context.params["type"])
