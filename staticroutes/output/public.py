"""``public/``: files that are copied as they are."""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

from staticroutes.errors import PathError, StaticRoutesError
from staticroutes.http.media_types import BYTES, media_type_of
from staticroutes.http.urls import encode_path
from staticroutes.routing.names import name_problem


class PublicFile(NamedTuple):
    """One file of the public folder."""

    path: str
    """Its URL path."""
    file: str
    """Its name in the output directory."""
    source: str
    """Its name relative to the project."""
    disk_path: str

    @property
    def pattern(self) -> str:
        """Its pattern in the manifest."""
        return "/" + self.file

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Its headers: the content type of its extension."""
        return (("content-type", media_type_of(self.file) or BYTES),)


@dataclass(slots=True)
class PublicFiles:
    """What a walk through the public folder found."""

    files: list[PublicFile] = field(default_factory=list)
    errors: list[StaticRoutesError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def public_files(public_dir: str | None, project_dir: str | None) -> PublicFiles:
    """Every file below the public folder, in a fixed order; hidden ones too, they are for the host."""
    found = PublicFiles()
    if public_dir is not None and project_dir is not None:
        _walk(
            public_dir, "", os.path.realpath(project_dir), project_dir, found, {os.path.realpath(public_dir)}
        )
    return found


def _walk(folder: str, inside: str, root: str, project_dir: str, found: PublicFiles, trail: set[str]) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.errors.append(
            PathError(f"cannot be read: {error.strerror}", where=os.path.relpath(folder, project_dir))
        )
        return
    for entry in entries:
        source = os.path.relpath(entry.path, project_dir).replace(os.sep, "/")
        name = unicodedata.normalize("NFC", entry.name)
        problem = name_problem(name)
        if problem or (not inside and name == "_staticroutes"):
            said = problem or "that folder of the output holds the manifest"
            found.errors.append(PathError(f"{source!a} cannot be published: {said}", hint="rename it"))
            continue
        inner = trail
        if entry.is_symlink():
            real = os.path.realpath(entry.path)
            if os.path.commonpath([root, real]) != root or not os.path.exists(real) or real in trail:
                why = (
                    "leads nowhere"
                    if not os.path.exists(real)
                    else "leads out of the project"
                    if real not in trail
                    else "leads round in a circle"
                )
                found.errors.append(
                    PathError(f"{source} is a link that {why}", hint="copy the file, or remove the link")
                )
                continue
            inner = trail | {real}
        if entry.is_dir():
            _walk(entry.path, f"{inside}{name}/", root, project_dir, found, inner)
        elif stat.S_ISREG(entry.stat().st_mode):
            file = inside + name
            found.files.append(PublicFile(encode_path("/" + file), file, source, entry.path))
        else:
            found.errors.append(PathError(f"{source} is no regular file", hint="remove it"))
