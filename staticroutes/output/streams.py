"""Bytes from and to descriptors, in pieces of one mebibyte: however large a file is, memory stays small."""

from __future__ import annotations

import hashlib
import io
import os

from staticroutes.output.atomic import disk_error

PIECE = 1 << 20


class StagedStream(io.FileIO):
    """A new file of the stage whose failures are ``OutputError`` and say which output they hit."""

    def __init__(self, descriptor: int, file: str, path: str) -> None:
        super().__init__(descriptor, "wb")
        self._file, self._path = file, path

    def write(self, data: object, /) -> int:
        """As ``FileIO.write``."""
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            raise disk_error(error, f"writing {self._file}", self._path) from error


def write_all(descriptor: int, body: bytes, written: int = 0) -> None:
    """Write what is left of ``body`` after its first ``written`` bytes: one write() need not take all."""
    view = memoryview(body)
    while written < len(body):
        written += os.write(descriptor, view[written:])


def read_up_to(descriptor: int, size: int) -> bytes:
    """The next ``size`` bytes, or fewer at the end of the file."""
    parts = []
    while size > 0 and (part := os.read(descriptor, min(size, PIECE))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def holds(descriptor: int, body: bytes) -> bool:
    """True where the rest of the open file is ``body``, to the byte."""
    view = memoryview(body)
    for start in range(0, len(body), PIECE):
        part = view[start : start + PIECE]
        if read_up_to(descriptor, len(part)) != part:
            return False
    return not os.read(descriptor, 1)


def pour(source: int, target: int | None, like: int | None = None) -> tuple[int, str] | None:
    """Read a file to its end; gives its size and SHA-256 in hex.

    With ``target`` it is copied there. With ``like`` it is compared, and None says that the two differ.
    """
    digest, size = hashlib.sha256(), 0
    while piece := os.read(source, PIECE):
        if like is not None and read_up_to(like, len(piece)) != piece:
            return None
        if target is not None:
            write_all(target, piece)
        digest.update(piece)
        size += len(piece)
    if like is not None and os.read(like, 1):
        return None
    return size, digest.hexdigest()
