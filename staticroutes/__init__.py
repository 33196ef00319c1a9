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

if TYPE_CHECKING:
    from staticroutes.builder import BuildResult
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

# Found when they are asked for, so that ``staticroutes --help`` pays for none of them.
_HOMES = {
    "staticroutes.builder": ("BuildResult",),
    "staticroutes.errors": ("BadRequest", "StaticRoutesError"),
    "staticroutes.http.context": (
        "after",
        "connection",
        "cookies",
        "draft_mode",
        "headers",
        "not_found",
        "permanent_redirect",
        "redirect",
    ),
    "staticroutes.http.requests": ("Request", "RouteContext"),
    "staticroutes.http.responses": ("Response",),
    "staticroutes.site": ("Route", "Site"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            found = globals()[name] = getattr(import_module(home), name)
            return found
    raise AttributeError(f"module 'staticroutes' has no attribute {name!r}")
