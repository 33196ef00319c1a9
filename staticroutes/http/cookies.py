"""Cookies: those of a request, and those that a response sets.

https://www.rfc-editor.org/rfc/rfc6265
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Literal, Self
from urllib.parse import quote, unquote

from staticroutes.errors import ResponseError
from staticroutes.http.headers import MutableHeaders

SameSite = Literal["strict", "lax", "none"]
_UNRESERVED = "!'()*~"


class Cookie(str):
    """A cookie's value as a ``str`` that also knows its ``.name`` and ``.value``."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, value: str) -> Self:
        made = super().__new__(cls, value)
        made.name = name
        return made

    @property
    def value(self) -> str:
        """The value as a plain ``str``."""
        return str.__str__(self)


def parse_cookies(header: str) -> list[Cookie]:
    """The cookies of a ``Cookie`` header, in order; pieces without ``=`` are dropped (RFC 6265, 5.4)."""
    found = []
    for piece in header.split(";"):
        name, equals, value = piece.partition("=")
        if equals and name.strip():
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            found.append(Cookie(name.strip(), unquote(value)))
    return found


class RequestCookies:
    """The cookies that came with a request, and, in a handler, those to send back.

    ``get``, ``get_all``, ``has`` read; ``set`` and ``delete`` add ``Set-Cookie`` headers to the
    response. May be awaited, which gives the same object (``await cookies()``).
    """

    __slots__ = ("_cookies", "_outgoing")

    def __init__(self, header: str = "", outgoing: MutableHeaders | None = None) -> None:
        self._cookies = parse_cookies(header) if header else []
        self._outgoing = outgoing

    def get(self, name: str, default: Cookie | None = None) -> Cookie | None:
        """The first cookie of that name, or ``default``."""
        return next((cookie for cookie in self._cookies if cookie.name == name), default)

    def get_all(self, name: str | None = None) -> list[Cookie]:
        """All cookies, or all of one name."""
        return [cookie for cookie in self._cookies if name is None or cookie.name == name]

    def has(self, name: str) -> bool:
        """True where a cookie of that name came."""
        return any(cookie.name == name for cookie in self._cookies)

    def set(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        expires: datetime | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        http_only: bool = False,
        same_site: SameSite | None = None,
    ) -> None:
        """Send a cookie with the response; ``max_age`` in seconds, ``expires`` with a time zone."""
        if self._outgoing is None:
            raise ResponseError("these cookies are read-only", hint="use cookies().set() or response.cookies")
        self._outgoing.append(
            "set-cookie",
            format_cookie(
                name,
                value,
                max_age=max_age,
                expires=expires,
                path=path,
                domain=domain,
                secure=secure,
                http_only=http_only,
                same_site=same_site,
            ),
        )

    def delete(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Tell the browser to forget a cookie."""
        self.set(name, "", expires=datetime.fromtimestamp(0, UTC), max_age=0, path=path, domain=domain)

    def __getitem__(self, name: str) -> Cookie:
        cookie = self.get(name)
        if cookie is None:
            raise KeyError(name)
        return cookie

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[Cookie]:
        return iter(self._cookies)

    def __len__(self) -> int:
        return len(self._cookies)

    def __await__(self) -> Generator[None, None, Self]:
        return self
        yield


class ResponseCookies(RequestCookies):
    """``response.cookies``: ``set`` and ``delete`` write the response's ``Set-Cookie`` headers."""

    __slots__ = ()

    def __init__(self, headers: MutableHeaders) -> None:
        super().__init__("", headers)
        for line in headers.get_all("set-cookie"):
            self._cookies += parse_cookies(line.partition(";")[0])


def format_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None,
    expires: datetime | None,
    path: str,
    domain: str | None,
    secure: bool,
    http_only: bool,
    same_site: SameSite | None,
) -> str:
    """The text of a ``Set-Cookie`` header; the value is percent-encoded as ``encodeURIComponent`` does."""
    parts = [f"{name}={quote(value, safe=_UNRESERVED)}"]
    if path:
        parts.append(f"Path={path}")
    if expires is not None:
        if expires.tzinfo is None:
            raise ResponseError(
                f"the cookie {name} expires at a time without a zone: {expires.isoformat()}",
                hint="datetime(…, tzinfo=timezone.utc)",
            )
        from email.utils import format_datetime  # 10 ms to import, and few cookies expire

        parts.append(f"Expires={format_datetime(expires.astimezone(UTC), usegmt=True)}")
    if max_age is not None:
        parts.append(f"Max-Age={int(max_age)}")
    if domain:
        parts.append(f"Domain={domain}")
    if secure:
        parts.append("Secure")
    if http_only:
        parts.append("HttpOnly")
    if same_site:
        parts.append(f"SameSite={same_site}")
    return "; ".join(parts)
