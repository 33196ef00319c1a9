"""API v0: the ids of all products."""

from lib import api_v0


def GET() -> str:
    return api_v0.all_products()
