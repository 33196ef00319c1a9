"""Functions usable anywhere below a handler: they find their request through a context variable.

https://nextjs.org/docs/app/api-reference/functions
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NoReturn, Self

from staticroutes.errors import StaticRoutesError
from staticroutes.http.cookies import RequestCookies
from staticroutes.http.headers import Headers
from staticroutes.http.requests import RequestScope, current_scope


class HandlerInterrupt(BaseException):
    """Ends a handler from within. A BaseException, so that ``except Exception`` lets it pass."""


class RedirectInterrupt(HandlerInterrupt):
    """Raised by ``redirect()``."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(url, status)
        self.url = url
        self.status = status


class NotFoundInterrupt(HandlerInterrupt):
    """Raised by ``not_found()``."""


def headers() -> Headers:
    """The request's headers, read-only; request time only. May be awaited."""
    return _scope("headers()").read("headers()").headers


def cookies() -> RequestCookies:
    """The request's cookies; ``set`` and ``delete`` write to the response. May be awaited."""
    return _scope("cookies()").cookies("cookies()")


class _Connection:
    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


def connection() -> _Connection:
    """Marks the code after it as request time: nothing below is prerendered. May be awaited."""
    _scope("connection()").read("connection()")
    return _Connection()


class DraftMode:
    """Whether the visitor sees drafts. Reading ``is_enabled`` does not make a route dynamic."""

    __slots__ = ("_scope",)

    def __init__(self, scope: RequestScope) -> None:
        self._scope = scope

    @property
    def is_enabled(self) -> bool:
        """False in a build; at request time True for a visitor with the signed cookie."""
        return self._scope.draft()

    def enable(self) -> None:
        """Let this visitor see drafts; request time only."""
        self._switch("draft_mode().enable()", True)

    def disable(self) -> None:
        """Show this visitor what everybody sees; request time only."""
        self._switch("draft_mode().disable()", False)

    def _switch(self, name: str, on: bool) -> None:
        self._scope.read(name)
        self._scope.switch_draft(on)

    def __await__(self) -> Generator[None, None, Self]:
        return self
        yield


def draft_mode() -> DraftMode:
    """The visitor's draft mode. May be awaited."""
    return DraftMode(_scope("draft_mode()"))


def redirect(url: str) -> NoReturn:
    """End the handler with a temporary redirect: 307, or 303 after a form POST.

    ``url`` may be a path of the site (``/about``; the base path is added) or an absolute URL.
    """
    raise RedirectInterrupt(url, 307)


def permanent_redirect(url: str) -> NoReturn:
    """End the handler with a permanent redirect, 308."""
    raise RedirectInterrupt(url, 308)


def not_found() -> NoReturn:
    """End the handler with a 404. For a URL listed by ``generate_static_params`` that is a failure."""
    raise NotFoundInterrupt


def after(callback: Callable[[], Any]) -> None:
    """Run ``callback`` (sync or async) once the response has been sent; in a build, once it is written."""
    scope = _scope("after()")
    if not callable(callback):
        raise StaticRoutesError(
            f"after() takes a function, not {type(callback).__name__}", hint="after(lambda: log(…))"
        )
    if scope.after is None:
        scope.after = []
    scope.after.append(callback)


def _scope(name: str) -> RequestScope:
    scope = current_scope.get()
    if scope is None:
        raise StaticRoutesError(
            f"{name} was called outside a request",
            hint="call it in a handler or below one; module level, generate_static_params and threads"
            " started without asyncio.to_thread have no request",
        )
    return scope
