"""``app/**`` to route files: what is routed, without importing anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from staticroutes.errors import RoutingError, StaticRoutesError
from staticroutes.routing.segments import Kind, Pattern, Segment
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
    if os.path.isdir(app_dir):
        root = os.path.realpath(project_dir)
        for folders, folder, names in _walk(app_dir, (), {os.path.realpath(app_dir)}, root, found):
            _visit(folders, folder, names, project_dir, found)
    found.errors += RouteTable(found.files).conflicts
    return found


def _walk(
    folder: str, folders: tuple[str, ...], trail: set[str], root: str, found: Discovery
) -> Iterator[tuple[tuple[str, ...], str, set[str]]]:
    """Each routed folder with the names of its files; symbolic links only within the project."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.errors.append(
            RoutingError(
                f"cannot be read: {error.strerror}", where=_shown(folder, root), hint="check its permissions"
            )
        )
        return
    names: set[str] = set()
    below: list[os.DirEntry[str]] = []
    for entry in entries:
        try:
            is_dir = entry.is_dir()
        except OSError:
            is_dir = False
        if is_dir:
            below.append(entry)
        else:
            names.add(entry.name)
    yield folders, folder, names
    for entry in below:
        name = entry.name
        if name == "__pycache__" or name.startswith("_") or (name.startswith(".") and name != ".well-known"):
            continue
        inner = trail
        if entry.is_symlink():
            real = os.path.realpath(entry.path)
            if os.path.commonpath([root, real]) != root:
                found.warnings.append(
                    f"{_shown(entry.path, root)} is a link out of the project and is not routed"
                )
                continue
            if real in trail:
                found.warnings.append(
                    f"{_shown(entry.path, root)} is a link to a folder around it and is not routed"
                )
                continue
            inner = trail | {real}
        yield from _walk(entry.path, (*folders, name), inner, root, found)


def _visit(
    folders: tuple[str, ...], folder: str, names: set[str], project_dir: str, found: Discovery
) -> None:
    shown = _shown(folder, project_dir)
    routed = [name for name in ("route.py", *_PAGES) if name in names]
    unsupported = [
        name
        for name in sorted(names)
        if name in (*_PAGES, "not-found.html")
        or (name.startswith(tuple(_METADATA_STEMS)) and _is_metadata(name))
    ]
    if "route.py" in names and len(routed) > 1:
        found.errors.append(
            RoutingError(
                f"{shown}/{routed[1]} answers the same URL as {shown}/route.py",
                hint="a folder holds a route or a page: move one of them",
            )
        )
        unsupported = [name for name in unsupported if name not in _PAGES]
    for name in unsupported:
        found.errors.append(
            RoutingError(
                f"{shown}/{name}: pages and metadata files are not built by this version",
                hint=f"answer that URL with a route.py, or put the file into public/ ({name})",
            )
        )
    if "route.py" not in names:
        near = [
            name
            for name in sorted(names)
            if name.lower() in ("route.py", "routes.py", "rout.py", "router.py")
        ]
        found.warnings += [f"{shown}/{name} is no route file; did you mean route.py?" for name in near]
        return
    file = os.path.join(folder, "route.py")
    try:
        pattern = Pattern.parse(folders)
        _check_encodable(folders)
    except StaticRoutesError as error:
        found.errors.append(RoutingError(f"{shown}: {error.message}", hint=error.hint))
        return
    try:
        regular = stat.S_ISREG(os.stat(file).st_mode)
    except OSError as error:
        found.errors.append(RoutingError(f"{shown}/route.py cannot be read: {error.strerror}"))
        return
    if not regular:
        found.errors.append(RoutingError(f"{shown}/route.py is no regular file"))
        return
    assert not any(segment.kind in (Kind.GROUP, Kind.PRIVATE) for segment in pattern.segments)
    found.files.append(RouteFile(pattern, f"{shown}/route.py", file, folders))


def _is_metadata(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    stem = stem.removesuffix(".alt").rstrip("0123456789")
    return stem in _METADATA_STEMS and dot + suffix in _METADATA_SUFFIXES


def _check_encodable(folders: tuple[str, ...]) -> None:
    for name in folders:
        Segment.parse(name)
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            raise RoutingError("its name is not UTF-8", hint="rename the folder") from None


def _shown(path: str, project_dir: str) -> str:
    return os.path.relpath(path, project_dir).replace(os.sep, "/")
