"""What stands at the output path before a build: nothing, a site of ours, or somebody else's files.

A site of ours is known by ``_staticroutes/manifest.json``; its files are those that
``_staticroutes/outputs.jsonl`` lists. Both are read with doubt: anybody may have cut, edited or replaced
them.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterable
from typing import BinaryIO

from staticroutes.errors import OutputError
from staticroutes.output.atomic import disk_error, mount_points

OWN_FOLDER = "_staticroutes"
MANIFEST = f"{OWN_FOLDER}/manifest.json"
OUTPUTS = f"{OWN_FOLDER}/outputs.jsonl"

_FORCE = (
    "delete it, choose another directory with --out, or build with --force: "
    "what is in there then stays, unless an output takes its place"
)

# The usual line, read without a JSON parser: a site may have a million of them.
_FILE = re.compile(rb'\{(?:"path": ?"[^"\\]*", ?)?"file": ?"([^"\\]*)"')
_CHUNK = 1 << 20


def real_path(path: str | os.PathLike[str]) -> str:
    """The absolute path to publish at: behind every symlink. Raises ``OutputError`` for a link to nowhere."""
    given = os.path.abspath(path)
    real = os.path.realpath(given)
    if os.path.islink(given) and not os.path.isdir(given):
        raise OutputError(
            "is a symlink that leads to no directory",
            where=given,
            hint="remove the link, or make the directory it points to",
        )
    return real


def check_place(path: str, protect: Iterable[str]) -> None:
    """Raise ``OutputError`` where a build must never publish, not even with ``--force``."""
    for each in protect:
        sacred = os.path.realpath(each)
        if _holds(path, sacred):
            whose = "is" if sacred == path else f"holds {sacred}, which is"
            raise OutputError(
                f"{whose} a part of the project, not a place for its output",
                where=path,
                hint="choose a directory of its own with --out",
            )
    if os.path.dirname(path) == path:
        raise OutputError("is the root of the file system", where=path, hint="choose a directory with --out")
    mounts = mount_points(path)
    if mounts:
        what = "is a mount point" if mounts[0] == path else f"holds a mount point ({mounts[0]})"
        raise OutputError(
            f"{what}, so it cannot be replaced in one step",
            where=path,
            hint="build into a folder inside it, or beside it",
        )
    if os.path.lexists(path) and not os.path.isdir(path):
        raise OutputError("is not a directory", where=path, hint="remove it or choose another with --out")


def is_site(path: str, *, force: bool) -> bool:
    """True for a site of ours, False for nothing or an empty folder.

    Anything else raises ``OutputError``, or is False with ``force``: all files in it are then somebody
    else's.
    """
    try:
        try:
            names = os.listdir(path)
        except FileNotFoundError:
            return False
        if not names:
            return False
        problem = _damage(path) if OWN_FOLDER in names else "is not empty and was not written by staticroutes"
    except OSError as error:
        raise disk_error(error, "reading the output directory", path) from error
    if problem and not force:
        raise OutputError(problem, where=path, hint=_FORCE)
    return not problem


def owned_files(path: str) -> set[str]:
    """The files of the site of ours at ``path``. Raises ``OutputError`` when its list cannot be read."""
    found: set[str] = set()
    place = f"{path}/{OUTPUTS}"
    number = 0
    try:
        with _open_regular(place) as lines:
            # A limit, because damage may be one endless line.
            while line := lines.readline(_CHUNK):
                number += 1
                found.add(_file_of(line))
        waiting = [f"{path}/{OWN_FOLDER}"]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        found.add(os.path.relpath(entry.path, path).replace(os.sep, "/"))
    except OSError as error:
        raise disk_error(error, "reading the list of the previous outputs", place) from error
    except (ValueError, RecursionError) as error:
        raise OutputError(f"line {number} is damaged", where=place, hint=_FORCE) from error
    return found


def _file_of(line: bytes) -> str:
    match = _FILE.match(line)
    if match and line.endswith(b"}\n"):
        return match[1].decode()
    record = json.loads(line)
    if not isinstance(record, dict) or not isinstance(record.get("file"), str):
        raise ValueError("not an output")
    return str(record["file"])


def _damage(path: str) -> str | None:
    """What makes the manifest or the list of outputs unreadable; None where both look whole."""
    try:
        if not stat.S_ISDIR(os.lstat(f"{path}/{OWN_FOLDER}").st_mode):
            return "is not empty and was not written by staticroutes"
        with _open_regular(f"{path}/{MANIFEST}") as stream:
            record = json.loads(stream.read())
    except FileNotFoundError:
        return "is not empty and has no manifest of staticroutes"
    except (ValueError, RecursionError):
        return f"{MANIFEST} is damaged: it is not JSON"
    except OSError as error:
        return f"{MANIFEST} cannot be read: {error.strerror}"
    if not isinstance(record, dict) or not str(record.get("generator")).startswith("staticroutes "):
        return f"{MANIFEST} is damaged or another program's: it does not say that staticroutes wrote it"
    totals = record.get("totals")
    expected = isinstance(totals, dict) and totals.get("outputs")
    try:
        with _open_regular(f"{path}/{OUTPUTS}") as stream:
            if _looks_whole(stream, may_be_empty=not expected):
                return None
    except OSError as error:
        return f"{OUTPUTS} cannot be read: {error.strerror}"
    return f"{OUTPUTS} is damaged: not one JSON object on each line"


def _looks_whole(stream: BinaryIO, *, may_be_empty: bool) -> bool:
    """A quick look at each line's first and last bytes; ``owned_files`` reads the rest."""
    seen = may_be_empty
    while chunk := stream.read(_CHUNK):
        chunk += stream.readline(_CHUNK)
        lines = chunk.count(b"\n")
        seen = True
        if not (chunk.startswith(b'{"') and chunk.endswith(b"}\n") and chunk.count(b'}\n{"') == lines - 1):
            return False
    return seen


def _open_regular(file: str) -> BinaryIO:
    """Open for reading what is a regular file, without following a link or waiting for a pipe."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    stream = open(os.open(file, flags), "rb")  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "not a regular file", file)
    return stream


def _holds(path: str, inner: str) -> bool:
    """True where ``inner`` is ``path`` or lies below it, also by another spelling (letter case)."""
    try:
        outer = os.stat(path)
    except OSError:
        outer = None
    while True:
        if inner == path:
            return True
        try:
            if outer and os.path.samestat(outer, os.stat(inner)):
                return True
        except OSError:
            pass
        parent = os.path.dirname(inner)
        if parent == inner:
            return False
        inner = parent
