"""What a handler gives back: ``Response``, and everything else that can be made into one.

https://fetch.spec.whatwg.org/#response-class
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Iterable
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Self

from staticroutes.errors import ResponseError
from staticroutes.http.cookies import ResponseCookies
from staticroutes.http.encoding import encode_json, is_json_object
from staticroutes.http.headers import HeadersInit, MutableHeaders
from staticroutes.http.media_types import BYTES, HTML, JSON, TEXT, XML, media_type_of

STARTED = time.time()
"""When this process began: a date between then and now was invented from the clock (see foreign)."""

Body = str | bytes | Iterable[str | bytes] | AsyncIterable[str | bytes] | None

# RFC 9110: these have no content (15.3.5, 15.3.6, 15.4.5).
_NO_CONTENT = frozenset({204, 205, 304})
# The connection's own business, and what follows from the body: whoever sends the response says these.
_NOT_KEPT = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})


class Response:
    """A response: ``Response(body, status, headers)``.

    ``body`` is ``str``, ``bytes``, an iterable or async iterable of either (streamed), or None.
    Without a content type it gets that of the URL's extension, else ``text/plain`` for text and
    ``application/octet-stream`` for bytes. Raises ResponseError for a status outside 200–599 and
    for headers that are not one line.
    """

    __slots__ = ("_body", "headers", "status")

    def __init__(self, body: Body = None, status: int = 200, headers: HeadersInit = None) -> None:
        if body is not None and not isinstance(
            body, (str, bytes, bytearray, memoryview, Iterable, AsyncIterable)
        ):
            raise ResponseError(
                f"a body is str, bytes or an iterable of them, not {type(body).__name__}",
                hint="Response.json(value) makes JSON",
            )
        if isinstance(body, dict):
            raise ResponseError("a body cannot be a dict", hint="Response.json(value)")
        self._body: Any = bytes(body) if isinstance(body, (bytearray, memoryview)) else body
        self.status = _checked_status(status)
        self.headers = MutableHeaders(headers)

    @classmethod
    def json(cls, data: Any, status: int = 200, headers: HeadersInit = None) -> Self:
        """``data`` as JSON; see ``encode_json`` for what it may hold."""
        return cls._typed(encode_json(data), JSON, status, headers)

    @classmethod
    def html(cls, text: str, status: int = 200, headers: HeadersInit = None) -> Self:
        """A page."""
        return cls._typed(text, HTML, status, headers)

    @classmethod
    def xml(cls, text: str | bytes, status: int = 200, headers: HeadersInit = None) -> Self:
        """An XML document."""
        return cls._typed(text, XML, status, headers)

    @classmethod
    def redirect(cls, url: str, status: int = 307) -> Self:
        """A redirect to a path of the site or to an absolute URL; status 301, 302, 303, 307 or 308."""
        if status not in (301, 302, 303, 307, 308):
            raise ResponseError(f"{status} is no redirect", hint="use 301, 302, 303, 307 or 308")
        return cls(None, status, [("location", url)])

    @classmethod
    def _typed(cls, body: Any, content_type: str, status: int, headers: HeadersInit) -> Self:
        made = cls.__new__(cls)
        made._body = body
        made.status = _checked_status(status)
        if headers is None:
            made.headers = MutableHeaders.trusted([("content-type", content_type)])
        else:
            made.headers = MutableHeaders(headers)
            made.headers.setdefault("content-type", content_type)
        return made

    @property
    def cookies(self) -> ResponseCookies:
        """``set`` and ``delete`` write this response's ``Set-Cookie`` headers."""
        return ResponseCookies(self.headers)

    @property
    def content(self) -> bytes:
        """The body as bytes; a stream is read to its end, once."""
        if isinstance(self._body, AsyncIterable):
            raise ResponseError(
                "this body is an async stream", hint="await response.read(), then response.content"
            )
        if not isinstance(self._body, bytes):
            self._body = _join(self._body)
        return bytes(self._body)

    async def read(self) -> bytes:
        """The body as bytes; a stream, async ones too, is read to its end, once."""
        if isinstance(self._body, AsyncIterable):
            self._body = await _join_async(self._body)
        return self.content

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.content.decode("utf-8")

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.headers.get('content-type') or ''}>"


class Finished:
    """A response whose body is there, whose headers are settled: what is written or sent."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def to_response(self) -> Response:
        """The same as a Response."""
        return Response(self.body, self.status, self.headers)

    def content_type(self) -> str | None:
        """The content type, None where there is none."""
        return next((value for name, value in self.headers if name == "content-type"), None)

    def header(self, name: str) -> str | None:
        """The first value of a lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


_JSON_HEADERS = (("content-type", JSON),)


class Finisher:
    """Makes what handlers of one URL extension return into Finished responses.

    What depends only on the extension is worked out once, so that the common case (a dict) costs
    the encoding and nothing else.
    """

    __slots__ = ("_bytes_headers", "_json_headers", "_text_headers", "_type", "base_path", "path")

    def __init__(self, path: str, base_path: str) -> None:
        kind = media_type_of(path)
        self.path = path
        self.base_path = base_path
        self._type = kind
        self._text_headers = (("content-type", kind or TEXT),)
        self._bytes_headers = (("content-type", kind or BYTES),)
        self._json_headers = (("content-type", kind),) if kind and "json" in kind else _JSON_HEADERS

    def finish(self, value: Any) -> Finished | Response:
        """The finished response, or a Response with an async stream that is yet to be read."""
        kind: Any = type(value)
        if kind is dict or kind is list:
            return Finished(200, self._json_headers, encode_json(value))
        if kind is str:
            return Finished(200, self._text_headers, _utf8(value))
        if kind is Response:
            response: Response = value
        elif kind is bytes:
            return Finished(200, self._bytes_headers, value)
        else:
            other = self._convert(value)
            if isinstance(other, Finished):
                return other
            response = other
        if isinstance(response._body, AsyncIterable):
            return response
        return self.settle(response)

    def settle(self, response: Response) -> Finished:
        """A Response whose body can be read now, finished."""
        body = response._body
        default: str | None
        if type(body) is bytes:
            default = self._type or BYTES
        elif isinstance(body, str):
            default = self._type or TEXT
            body = _utf8(body)
        elif body is None:
            default = self._type if response.status not in _NO_CONTENT and response.status < 300 else None
            body = b""
        else:
            pieces = list(_pieces(body))
            is_text = bool(pieces) and isinstance(pieces[0], str)
            default = self._type or (TEXT if is_text else BYTES)
            body = _join(pieces)
        status = _checked_status(response.status)
        if body and status in _NO_CONTENT:
            raise ResponseError(
                f"a response of status {status} has no body, and this one has {len(body)} bytes",
                hint="return Response(None, status) or another status",
            )
        pairs = response.headers._pairs
        if len(pairs) == 1 and pairs[0][0] == "content-type":
            return Finished(status, (pairs[0],), body)
        kept = [pair for pair in pairs if pair[0] not in _NOT_KEPT]
        if default is not None and not response.headers.has("content-type"):
            kept.insert(0, ("content-type", default))
        if self.base_path:
            kept = [
                (name, self.base_path + text if name == "location" and _is_site_path(text) else text)
                for name, text in kept
            ]
        return Finished(status, tuple(kept), body)

    def _convert(self, value: Any) -> Finished | Response:
        if isinstance(value, Response):
            return value
        if isinstance(value, (str, bytes, bytearray, memoryview)):
            return self.finish(str(value) if isinstance(value, str) else bytes(value))
        if isinstance(value, (GeneratorType, AsyncGeneratorType)):
            return Response(value)
        if hasattr(value, "status_code") or (hasattr(value, "rss_str") and hasattr(value, "atom_str")):
            # Imported where needed: most sites return neither a framework's response nor a feed.
            from staticroutes.http.foreign import from_feedgen, from_framework

            if hasattr(value, "status_code"):
                return from_framework(value)
            return from_feedgen(value, self.path)
        if is_json_object(value):
            return Finished(200, self._json_headers, encode_json(value))
        if value is None:
            raise ResponseError(
                "the handler returned None", hint="return a Response, a dict, a string …, on every branch"
            )
        hint = "return a Response, a str, bytes, a dict or list, a dataclass"
        if isinstance(value, tuple):
            hint = "a tuple is no response here: return Response(body, status, headers), or list(…) for JSON"
        raise ResponseError(
            f"the handler returned {type(value).__name__}, which is no response: {value!r:.120}", hint=hint
        )


def _is_site_path(url: str) -> bool:
    return url.startswith("/") and not url.startswith(("//", "/\\"))


def _checked_status(status: Any) -> int:
    if type(status) is int and 200 <= status <= 599:
        return status
    if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
        return int(status)  # http.HTTPStatus
    raise ResponseError(f"a status is a number from 200 to 599, not {status!r}")


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ResponseError(
            f"the text holds a lone surrogate, which UTF-8 cannot carry: {error.object[error.start]!r}",
            hint="decode the source with errors='replace'",
        ) from error


def _pieces(body: Any) -> Iterable[str | bytes]:
    for piece in body:
        if not isinstance(piece, (str, bytes)):
            raise ResponseError(
                f"a stream yields str or bytes, and this one yielded {type(piece).__name__}: {piece!r:.80}"
            )
        yield piece


def _join(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return _utf8(body)
    return b"".join(_utf8(piece) if isinstance(piece, str) else piece for piece in _pieces(body))


async def _join_async(body: Any) -> str | bytes:
    pieces = [piece async for piece in body]
    joined = _join(pieces)
    # Text stays text, so that it gets a text content type where none was said.
    return joined.decode("utf-8") if pieces and isinstance(pieces[0], str) else joined
