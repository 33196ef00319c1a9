"""Responses to files: names, redirect stubs, and the check that no two outputs share a file.

| URL | content type | file |
|---|---|---|
| ``/rss.xml`` | any | ``rss.xml`` |
| ``/about`` | HTML | ``about.html``; with a trailing slash ``about/index.html`` |
| ``/`` | HTML, other | ``index.html``, ``index.<ext>`` |
| ``/api/items`` | not HTML | ``api/items``; where that must be a folder ``api/items/index.<ext>`` |
| ``/old`` → 308 | redirect | ``old.html`` |
"""

from __future__ import annotations

from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from staticroutes.errors import PathError
from staticroutes.http.media_types import extension_of, media_type_of
from staticroutes.http.responses import Finished


class Artifact(NamedTuple):
    """One file to be written, with what a server needs to know of it."""

    file: str
    """Relative to the output directory, ``/``-separated."""
    body: bytes
    plain_file: str | None = None
    """The name without ``/index.<ext>``, for a file that gets it only where its folder is needed."""


class Row(NamedTuple):
    """One output, as it is listed in outputs.jsonl."""

    path: str
    """The URL path, percent-encoded, without the base path."""
    file: str
    """Relative to the output directory."""
    route: int
    """The number of its route."""
    size: int
    """Bytes."""
    line: str
    """Its line in outputs.jsonl."""
    plain_file: str | None = None
    pattern: str = ""
    """The pattern of its route."""


Headers = tuple[tuple[str, str], ...]

_new: Any = tuple.__new__
"""Makes a NamedTuple without its Python-level constructor, for what is made once for every output."""


def make_artifact(decoded: str, response: Finished, trailing_slash: bool, may_need_folder: bool) -> Artifact:
    """The file for a response at a decoded path. ``may_need_folder``: other outputs may lie below it."""
    kind = content_type(response.headers)
    name = decoded[1:]
    is_html = kind is not None and kind[:9].lower() == "text/html"
    if name and not (may_need_folder or is_html) and response.status < 300:
        made: Artifact = _new(Artifact, (name, response.body, None))  # nearly always
        return made
    if 300 <= response.status < 400 and response.header("location") is not None:
        stem = media_type_of(decoded)
        body = redirect_stub(response.header("location") or "")
        if not name:
            return Artifact("index.html", body)
        if name.endswith((".html", ".htm")):
            return Artifact(name, body)
        return Artifact(f"{name}/index.html" if trailing_slash and stem is None else f"{name}.html", body)
    if is_html:
        if not name:
            return Artifact("index.html", response.body)
        if media_type_of(decoded) is not None:
            return Artifact(name, response.body)
        return Artifact(f"{name}/index.html" if trailing_slash else f"{name}.html", response.body)
    if not name:
        return Artifact(f"index.{extension_of(kind or '')}", response.body)
    if may_need_folder and media_type_of(decoded) is None:
        return Artifact(f"{name}/index.{extension_of(kind or '')}", response.body, name)
    return Artifact(name, response.body)


def content_type(headers: tuple[tuple[str, str], ...]) -> str | None:
    """The content type among header pairs."""
    for name, value in headers:
        if name == "content-type":
            return value
    return None


def redirect_stub(location: str) -> bytes:
    """The page that sends a visitor on where a host knows no redirects."""
    from staticroutes.templating import page

    return page("redirect.html.jinja", location=location)


class RowMaker:
    """Makes the rows of outputs; the texts that many outputs share are encoded once."""

    __slots__ = ("_patterns", "_revalidate", "_texts")

    def __init__(self, patterns: list[str], revalidate: list[int | bool]) -> None:
        self._patterns = patterns
        self._revalidate = ["false" if value is False else str(int(value)) for value in revalidate]
        self._texts: dict[tuple[int, int, Headers], tuple[str, str]] = {}

    def make(self, route: int, path: str, artifact: Artifact, status: int, headers: Headers) -> Row:
        """The row of a written artifact."""
        file, body, plain_file = artifact
        return self.make_copied(
            route, path, file, len(body), sha256(body).hexdigest(), status, headers, plain_file
        )

    def make_copied(
        self,
        route: int,
        path: str,
        file: str,
        size: int,
        digest: str,
        status: int,
        headers: Headers,
        plain_file: str | None = None,
    ) -> Row:
        """The row of a file of which size and SHA-256 (in hex) are known."""
        key = (route, status, headers)
        texts = self._texts.get(key)
        if texts is None:
            texts = self._encode(*key)
            if len(self._texts) < 1000:
                self._texts[key] = texts
        middle, end = texts
        line = f'{{"path":"{path}","file":{encode_basestring(file)}{middle}{size},"sha256":"{digest}{end}'
        row: Row = _new(Row, (path, file, route, size, line, plain_file, self._patterns[route]))
        return row

    def _encode(self, route: int, status: int, headers: Headers) -> tuple[str, str]:
        listed = ",".join(
            f"[{encode_basestring(name)},{encode_basestring(value)}]" for name, value in headers
        )
        pattern = encode_basestring(self._patterns[route])
        middle = f',"route":{pattern},"status":{status},"headers":[{listed}],"size":'
        return middle, f'","revalidate":{self._revalidate[route]},"tags":[]}}\n'


def settled(row: Row) -> Row:
    """The row of an output that keeps its plain name, because nothing needed its folder."""
    assert row.plain_file is not None
    before, after = (
        f'"file":{encode_basestring(row.file)},"route"',
        f'"file":{encode_basestring(row.plain_file)},"route"',
    )
    return row._replace(file=row.plain_file, line=row.line.replace(before, after, 1), plain_file=None)


def check_file(file: str) -> None:
    """Raise PathError for a name that the file system cannot hold or that belongs to us."""
    if file.startswith("_staticroutes/") or file == "_staticroutes":
        raise PathError(
            f"{file} lies in the folder that holds the manifest",
            hint="_staticroutes is ours; rename the route",
        )
    for name in file.split("/"):
        if len(name.encode("utf-8")) > 255:
            raise PathError(
                f"{name[:40]}… is {len(name.encode('utf-8'))} bytes long with its extension,"
                " and a file name holds 255"
            )
