"""API v1: the types of identifiers."""

from lib import api_v1


def GET() -> str:
    return api_v1.identifier_types()
