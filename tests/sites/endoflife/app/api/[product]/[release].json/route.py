"""API v0: one release of a product."""

from collections.abc import Iterator

from lib import api_v0
from lib.catalogue import find_release, release_params

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    return release_params()


def GET(request: Request, context: RouteContext) -> str:
    return api_v0.one_release(*find_release(context.params))
