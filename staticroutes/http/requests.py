"""What a handler is given: the request, its params, and the scope that stands behind both.

Every datum of a request belongs to build time or to request time. The request itself holds only
what is always known (method, path); the rest is asked of its scope by name, and the scope decides:
a server's gives the values, a prerendering one records the access (``prerender.tracking``).
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from staticroutes.errors import BadRequest, StaticRoutesError
from staticroutes.http.cookies import RequestCookies
from staticroutes.http.headers import Headers, MutableHeaders
from staticroutes.http.urls import NextURL


async def _empty_body() -> AsyncIterator[bytes]:
    return
    yield b""


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class RequestData:
    """The request-time part of a request. The defaults are the empty values of ``force-static``."""

    headers: Headers = field(default_factory=Headers)
    query: str = ""
    base_url: str | None = None
    """Scheme and host, ``https://example.com``; None where nothing is known of it."""
    ip: str | None = None
    body: Callable[[], AsyncIterator[bytes]] = _empty_body
    is_disconnected: Callable[[], Any] = _never
    is_draft: bool = False

    def origin(self) -> str:
        """Scheme and host; raises where ``base_url`` is needed and was not given."""
        if self.base_url is None:
            raise StaticRoutesError(
                "an absolute URL was asked for, and base_url is not set",
                hint="set base_url in staticroutes.yaml, or give --base-url https://example.com",
            )
        return self.base_url

    def url(self, path: str) -> str:
        """The absolute URL of a path that carries the base path already."""
        return f"{self.origin()}{path}{'?' if self.query else ''}{self.query}"


class RequestScope:
    """One request, from its first byte to its ``after()`` callbacks."""

    __slots__ = ("_data", "after", "base_path", "outgoing")

    def __init__(self, data: RequestData, base_path: str = "") -> None:
        self._data = data
        self.base_path = base_path
        self.after: list[Callable[[], Any]] | None = None
        self.outgoing: MutableHeaders | None = None
        """``Set-Cookie`` headers of ``cookies().set``, to be added to the response."""

    def read(self, name: str) -> RequestData:
        """The request-time values; ``name`` says what the author reads, as written."""
        return self._data

    def draft(self) -> bool:
        """True where the visitor is in draft mode."""
        return self._data.is_draft

    def switch_draft(self, on: bool) -> None:
        """Set or clear the visitor's draft mode; only a server can, with a signed cookie."""
        raise StaticRoutesError("draft mode can only be switched by a server", hint="staticroutes serve")

    def cookies(self, name: str) -> RequestCookies:
        """The cookies of the request, able to set those of the response."""
        data = self.read(name)
        if self.outgoing is None:
            self.outgoing = MutableHeaders()
        return RequestCookies(data.headers.get("cookie") or "", self.outgoing)


current_scope: ContextVar[RequestScope | None] = ContextVar("staticroutes_scope", default=None)
"""The request in whose course this code runs; None outside any."""


class Params(dict[str, Any]):
    """``context.params``: a dict that may be awaited, as in Next.js 15 and later."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, Self]:
        return self
        yield


ParamsT = TypeVar("ParamsT")


class RouteContext(Generic[ParamsT]):
    """The second argument of a handler. ``context.params`` maps segment names to decoded values:
    ``str`` for ``[slug]``, ``list[str]`` for ``[...slug]``.

    ``RouteContext[ItemParams]`` with a TypedDict types it.
    """

    __slots__ = ("params",)

    def __init__(self, params: ParamsT) -> None:
        self.params = params


class Request:
    """The request, as on the web, with Next.js's additions in Python case.

    ``method`` and ``next_url.pathname`` are always known. Everything else exists at request time
    only: reading it while prerendering makes an ``auto`` route dynamic, is an error under
    ``dynamic = "error"``, and gives empty values under ``force-static``.

    https://nextjs.org/docs/app/api-reference/functions/next-request
    """

    __slots__ = ("_body", "_path", "_scope", "method")

    def __init__(self, method: str, path: str, scope: RequestScope) -> None:
        self.method = method
        self._path = path
        self._scope = scope
        self._body: builtins.bytes | None = None

    @property
    def next_url(self) -> NextURL:
        """The URL in parts; see NextURL for which are known at build time."""
        return NextURL(self)

    @property
    def url(self) -> str:
        """The whole URL, base path included; request time only."""
        return self._scope.read("request.url").url(self._scope.base_path + self._path)

    @property
    def headers(self) -> Headers:
        """The headers; request time only."""
        return self._scope.read("request.headers").headers

    @property
    def cookies(self) -> RequestCookies:
        """The cookies; request time only."""
        return self._scope.cookies("request.cookies")

    @property
    def ip(self) -> str | None:
        """The client's address; request time only."""
        return self._scope.read("request.ip").ip

    @property
    def body(self) -> AsyncIterator[builtins.bytes]:
        """The body in pieces, as they come; request time only."""
        return self._scope.read("request.body").body()

    async def bytes(self) -> builtins.bytes:
        """The whole body; request time only."""
        return await self._read_body("request.bytes()")

    async def text(self) -> str:
        """The whole body as UTF-8 text; raises BadRequest where it is not."""
        body = await self._read_body("request.text()")
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest(f"the body is not UTF-8 text: {error}") from error

    async def json(self) -> Any:
        """The body as JSON; raises BadRequest where it is not."""
        import json

        body = await self._read_body("request.json()")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"the body is not JSON: {error}") from error

    async def form_data(self) -> Mapping[str, Any]:
        """The body as form fields; raises BadRequest where it is not a form."""
        from urllib.parse import parse_qsl

        data = self._scope.read("request.form_data()")
        kind = (data.headers.get("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise BadRequest(
                f"the body is no form: its content type is {kind or 'missing'}",
                hint="send application/x-www-form-urlencoded",
            )
        text = (await self._read_body("request.form_data()")).decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    async def is_disconnected(self) -> bool:
        """True once the client has gone away; request time only."""
        return bool(await self._scope.read("request.is_disconnected()").is_disconnected())

    async def _read_body(self, name: str) -> builtins.bytes:
        data = self._scope.read(name)
        if self._body is None:
            self._body = b"".join([piece async for piece in data.body()])
        return self._body

    def __repr__(self) -> str:
        return f"<Request {self.method} {self._path}>"
