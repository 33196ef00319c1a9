"""API v1: all products with all their releases."""

from lib import api_v1


def GET() -> str:
    return api_v1.products_full()
