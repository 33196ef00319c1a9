"""API v1: where to start."""

from lib import api_v1


def GET() -> str:
    return api_v1.index()
