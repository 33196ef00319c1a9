"""staticroutes: Python route handlers to static endpoints.

What a route file uses: ``Request``, ``Response``, ``RouteContext``, and the functions ``headers``,
``cookies``, ``connection``, ``draft_mode``, ``redirect``, ``permanent_redirect``, ``not_found``,
``after``. What a program uses: ``Site``, ``Route``, ``BuildResult``, ``StaticRoutesError``.

Where things are: ``builder.py`` tells the whole way; ``http/`` is what a handler sees, ``routing/``
makes routes of folders, ``prerender/`` calls handlers, ``output/`` writes files, ``cli/`` prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staticroutes._version import __version__
from staticroutes.errors import BadRequest, StaticRoutesError
from staticroutes.http.context import (
    after,
    connection,
    cookies,
    draft_mode,
    headers,
    not_found,
    permanent_redirect,
    redirect,
)
from staticroutes.http.requests import Request, RouteContext
from staticroutes.http.responses import Response

if TYPE_CHECKING:
    from staticroutes.builder import BuildResult
    from staticroutes.site import Route, Site

__all__ = [
    "BadRequest",
    "BuildResult",
    "Request",
    "Response",
    "Route",
    "RouteContext",
    "Site",
    "StaticRoutesError",
    "__version__",
    "after",
    "connection",
    "cookies",
    "draft_mode",
    "headers",
    "not_found",
    "permanent_redirect",
    "redirect",
]

# Route files need none of these, and the command line should not pay for them to say --help.
_LAZY = {"Site": "staticroutes.site", "Route": "staticroutes.site", "BuildResult": "staticroutes.builder"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'staticroutes' has no attribute {name!r}")
