"""API v1: all categories."""

from lib import api_v1


def GET() -> str:
    return api_v1.categories()
