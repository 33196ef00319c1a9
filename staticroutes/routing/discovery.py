"""``app/**`` to route files: what is routed, without importing anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from staticroutes.errors import RoutingError, StaticRoutesError
from staticroutes.routing.segments import Kind, Pattern
from staticroutes.routing.table import RouteTable

# Files of the convention that this version does not build yet. They are refused, not passed over:
# a green build must not lack a page that the author wrote.
_PAGES = ("page.html", "page.md")
_METADATA_STEMS = frozenset(
    ["sitemap", "robots", "manifest", "favicon", "icon", "apple-icon", "opengraph-image", "twitter-image"]
)
_METADATA_SUFFIXES = (
    ".py",
    ".xml",
    ".txt",
    ".json",
    ".webmanifest",
    ".ico",
    ".png",
    ".jpg",
    ".jpeg",
    ".svg",
    ".gif",
)
_NEAR_NAMES = frozenset(["route.py", "routes.py", "rout.py", "router.py"])


@dataclass(frozen=True, slots=True)
class RouteFile:
    """One ``route.py``: where it is and which URLs it answers."""

    pattern: Pattern
    source: str
    """The file relative to the project, ``/``-separated: ``app/api/[slug]/route.py``."""
    file: str
    """The absolute file name."""
    folders: tuple[str, ...]
    """The folder names below the app folder, as on disk."""


@dataclass(slots=True)
class Discovery:
    """What a walk through the app folder found."""

    files: list[RouteFile] = field(default_factory=list)
    errors: list[StaticRoutesError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def discover(app_dir: str, project_dir: str) -> Discovery:
    """Every route file below ``app_dir``, in a fixed order, with every problem that can be seen in names."""
    found = Discovery()
    pages: list[RouteFile] = []
    if os.path.isdir(app_dir):
        inside = (os.path.realpath(project_dir), os.path.realpath(app_dir))
        for folders, folder, names in _walk(app_dir, (), (inside[1],), inside, project_dir, found):
            _visit(folders, folder, names, project_dir, found, pages)
    # A page and a route cannot share a URL: pages take part until all conflicts are found.
    found.errors += RouteTable([*found.files, *pages]).conflicts
    return found


def _walk(
    folder: str,
    folders: tuple[str, ...],
    trail: tuple[str, ...],
    inside: tuple[str, ...],
    project_dir: str,
    found: Discovery,
) -> Iterator[tuple[tuple[str, ...], str, set[str]]]:
    """Each routed folder with the names of its files; symbolic links only to what lies ``inside``.

    ``trail`` holds the real paths of the folder and of those around it.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.errors.append(
            RoutingError(
                f"cannot be read: {error.strerror}",
                where=_shown(folder, project_dir),
                hint="check its permissions",
            )
        )
        return
    names: set[str] = set()
    below: list[os.DirEntry[str]] = []
    for entry in entries:
        if _is_folder(entry):
            below.append(entry)
        else:
            names.add(entry.name)
    yield folders, folder, names
    for entry in below:
        name = entry.name
        if name == "__pycache__" or name.startswith("_") or (name.startswith(".") and name != ".well-known"):
            continue
        real = os.path.join(trail[-1], name)
        if entry.is_symlink():
            real = os.path.realpath(entry.path)
            shown = _shown(entry.path, project_dir)
            if not any(_lies_in(real, root) for root in inside):
                found.warnings.append(f"{shown} is a link out of the project and is not routed")
                continue
            if real in trail:
                found.warnings.append(f"{shown} is a link to a folder around it and is not routed")
                continue
        yield from _walk(entry.path, (*folders, name), (*trail, real), inside, project_dir, found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _visit(
    folders: tuple[str, ...],
    folder: str,
    names: set[str],
    project_dir: str,
    found: Discovery,
    pages: list[RouteFile],
) -> None:
    """Take in one folder: its route file, its pages, and names that are nearly one."""
    shown = _shown(folder, project_dir)
    for name in sorted(names):
        if name in (*_PAGES, "page.py", "not-found.html") or _is_metadata(name):
            found.errors.append(
                RoutingError(
                    "pages and metadata files are not built by this version",
                    where=f"{shown}/{name}",
                    hint=f"answer that URL with a route.py, or put the file into public/ ({name})",
                )
            )
    answering = [name for name in ("route.py", *_PAGES) if name in names]
    if "route.py" not in names:
        found.warnings += [
            f"{shown}/{name} is no route file; did you mean route.py?"
            for name in sorted(names)
            if name.lower() in _NEAR_NAMES
        ]
    if not answering:
        return
    try:
        if not _is_utf8("".join(folders)):
            raise RoutingError("the folder's name is not UTF-8", hint="rename the folder")
        pattern = Pattern.parse(folders)
    except RoutingError as error:
        found.errors.append(RoutingError(error.message, where=shown, hint=error.hint))
        return
    assert not any(segment.kind in (Kind.GROUP, Kind.PRIVATE) for segment in pattern.segments)
    for name in answering:
        file = RouteFile(pattern, f"{shown}/{name}", os.path.join(folder, name), folders)
        if name != "route.py":
            pages.append(file)
        elif problem := _file_problem(file.file):
            found.errors.append(RoutingError(problem, where=file.source))
        else:
            found.files.append(file)


def _file_problem(file: str) -> str | None:
    """Why a file cannot be imported, found without opening it: a FIFO would wait for ever."""
    try:
        regular = stat.S_ISREG(os.stat(file).st_mode)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if regular else "is no regular file"


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_metadata(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    stem = stem.removesuffix(".alt").rstrip("0123456789")
    return stem in _METADATA_STEMS and dot + suffix in _METADATA_SUFFIXES


def _shown(path: str, project_dir: str) -> str:
    return os.path.relpath(path, project_dir).replace(os.sep, "/")
