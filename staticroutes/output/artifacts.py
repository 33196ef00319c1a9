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

import hashlib
from json.encoder import encode_basestring
from typing import NamedTuple

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
    file: str
    route: int
    size: int
    line: str
    """Its line in outputs.jsonl."""
    plain_file: str | None = None


def make_artifact(
    decoded: str, response: Finished, trailing_slash: bool, *, may_need_folder: bool
) -> Artifact:
    """The file for a response at a decoded path. ``may_need_folder``: other outputs may lie below it."""
    kind = content_type(response.headers)
    name = decoded[1:]
    if name and not may_need_folder and response.status < 300 and kind is not None:
        if kind[:9].lower() != "text/html":
            return Artifact(name, response.body)  # nearly always
    if 300 <= response.status < 400 and response.header("location") is not None:
        stem = media_type_of(decoded)
        body = redirect_stub(response.header("location") or "")
        if not name:
            return Artifact("index.html", body)
        if name.endswith((".html", ".htm")):
            return Artifact(name, body)
        return Artifact(f"{name}/index.html" if trailing_slash and stem is None else f"{name}.html", body)
    if kind is not None and kind[:9].lower() == "text/html":
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

    __slots__ = ("_headers", "_revalidate", "_routes")

    def __init__(self, patterns: list[str], revalidate: list[int | bool]) -> None:
        self._routes = [encode_basestring(pattern) for pattern in patterns]
        self._revalidate = ["false" if value is False else str(int(value)) for value in revalidate]
        self._headers: dict[tuple[tuple[str, str], ...], str] = {}

    def make(
        self, route: int, path: str, artifact: Artifact, status: int, headers: tuple[tuple[str, str], ...]
    ) -> Row:
        """The row of a written artifact."""
        file, body, plain_file = artifact
        listed = self._headers.get(headers)
        if listed is None:
            listed = ",".join(
                f"[{encode_basestring(name)},{encode_basestring(value)}]" for name, value in headers
            )
            if len(self._headers) < 1000:
                self._headers[headers] = listed
        return self._row(
            path, file, route, status, listed, len(body), hashlib.sha256(body).hexdigest(), plain_file
        )

    def make_copied(
        self, route: int, path: str, file: str, size: int, digest: str, headers: tuple[tuple[str, str], ...]
    ) -> Row:
        """The row of a file that was copied, with its SHA-256 in hex."""
        listed = ",".join(
            f"[{encode_basestring(name)},{encode_basestring(value)}]" for name, value in headers
        )
        return self._row(path, file, route, 200, listed, size, digest, None)

    def _row(
        self,
        path: str,
        file: str,
        route: int,
        status: int,
        listed: str,
        size: int,
        digest: str,
        plain_file: str | None,
    ) -> Row:
        line = (
            f'{{"path":"{path}","file":{encode_basestring(file)},"route":{self._routes[route]},"status":{status},'
            f'"headers":[{listed}],"size":{size},"sha256":"{digest}","revalidate":{self._revalidate[route]},"tags":[]}}\n'
        )
        return Row(path, file, route, size, line, plain_file)


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
                f"{name[:40]}… is {len(name.encode('utf-8'))} bytes long with its extension, and a file name holds 255"
            )
