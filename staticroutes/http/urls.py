"""URLs: percent-encoding of path segments, query parameters, ``request.next_url``.

https://url.spec.whatwg.org/ and https://nextjs.org/docs/app/api-reference/functions/next-request
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

if TYPE_CHECKING:
    from staticroutes.http.requests import Request

# encodeURIComponent's own set, so that a path here is the path that Next.js and browsers' code make.
_PLAIN = re.compile(r"[A-Za-z0-9\-_.~!'()*]*")


def encode_segment(text: str) -> str:
    """One path segment, percent-encoded as ``encodeURIComponent`` does: ``a b+c`` → ``a%20b%2Bc``."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe="!'()*~")


def encode_path(path: str) -> str:
    """A decoded path, percent-encoded segment by segment."""
    return path if _PLAIN.fullmatch(path.replace("/", "")) else quote(path, safe="/!'()*~")


def decode_segment(text: str) -> str:
    """The text of one percent-encoded segment; a ``+`` stays a ``+``."""
    return unquote(text, errors="strict") if "%" in text else text


class SearchParams:
    """The query of a URL: ``get``, ``get_all``, ``has``; repeated names kept, read-only."""

    __slots__ = ("_pairs",)

    def __init__(self, query: str = "") -> None:
        self._pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True) if query else []

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of ``name``, or ``default``."""
        return next((value for key, value in self._pairs if key == name), default)

    def get_all(self, name: str) -> list[str]:
        """Every value of ``name``, in order."""
        return [value for key, value in self._pairs if key == name]

    def has(self, name: str) -> bool:
        """True where the name occurs."""
        return any(key == name for key, _ in self._pairs)

    def items(self) -> list[tuple[str, str]]:
        """All pairs, in order."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self._pairs))

    def __len__(self) -> int:
        return len(self._pairs)

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def __str__(self) -> str:
        return urlencode(self._pairs)

    def __repr__(self) -> str:
        return f"SearchParams({str(self)!r})"


class NextURL:
    """``request.next_url``: what is known of the URL when.

    ``pathname`` (percent-encoded, without the base path) and ``base_path`` are always known; the
    rest belongs to request time, and reading it while prerendering is recorded.
    """

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def pathname(self) -> str:
        """The path as it stands in the URL, without the base path."""
        return self._request._path

    @property
    def base_path(self) -> str:
        """The configured prefix of every URL, ``""`` where there is none."""
        return self._request._scope.base_path

    @property
    def search(self) -> str:
        """``?a=b``, or ``""``; request time only."""
        query = self._request._scope.read("request.next_url.search").query
        return f"?{query}" if query else ""

    @property
    def search_params(self) -> SearchParams:
        """The query's parameters; request time only."""
        return SearchParams(self._request._scope.read("request.next_url.search_params").query)

    @property
    def origin(self) -> str:
        """``https://example.com``; request time only."""
        return self._request._scope.read("request.next_url.origin").origin()

    @property
    def protocol(self) -> str:
        """``https:``; request time only."""
        return self._request._scope.read("request.next_url.protocol").origin().partition("/")[0]

    @property
    def host(self) -> str:
        """``example.com:8000``; request time only."""
        return self._request._scope.read("request.next_url.host").origin().partition("//")[2]

    @property
    def hostname(self) -> str:
        """``example.com``; request time only."""
        host = self._request._scope.read("request.next_url.hostname").origin().partition("//")[2]
        return re.sub(r":\d+$", "", host)

    @property
    def port(self) -> str:
        """``8000``, or ``""`` for the scheme's own; request time only."""
        origin = self._request._scope.read("request.next_url.port").origin()
        found = re.search(r":(\d+)$", origin)
        return found[1] if found else ""

    @property
    def href(self) -> str:
        """The whole URL; request time only."""
        scope = self._request._scope
        return scope.read("request.next_url.href").url(scope.base_path + self._request._path)

    def __str__(self) -> str:
        return self.href
