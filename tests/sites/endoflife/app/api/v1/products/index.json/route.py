"""API v1: all products in short."""

from lib import api_v1


def GET() -> str:
    return api_v1.products()
