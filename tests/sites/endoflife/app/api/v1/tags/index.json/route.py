"""API v1: all tags."""

from lib import api_v1


def GET() -> str:
    return api_v1.tags()
