"""A project: its folders, its configuration, its routes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from staticroutes.config import Config
from staticroutes.errors import ConfigError, StaticRoutesError
from staticroutes.prerender.project_code import ProjectCode
from staticroutes.routing.discovery import discover
from staticroutes.routing.loading import ProjectImports, Route, load
from staticroutes.routing.table import RouteTable


@dataclass(slots=True)
class Project:
    """What a build starts from. ``folder`` is None for a site made of routes alone."""

    config: Config
    folder: str | None = None
    routes: Sequence[Route] = ()
    """Routes without files, given by the caller."""
    imports: ProjectImports = field(init=False)
    code: ProjectCode = field(init=False)

    def __post_init__(self) -> None:
        self.imports = ProjectImports(self.folder)
        self.code = ProjectCode(self.folder)

    def path(self, name: str) -> str | None:
        """The absolute path of a configured folder; None without a project folder."""
        return os.path.normpath(os.path.join(self.folder, name)) if self.folder is not None else None

    @property
    def app_dir(self) -> str | None:
        """The app folder that exists, or that should; None without a project folder."""
        if self.folder is None or self.config.app_dir is not None:
            return self.path(self.config.app_dir or "app")
        plain, below_src = self.path("app"), self.path("src/app")
        assert plain is not None and below_src is not None
        return below_src if not os.path.isdir(plain) and os.path.isdir(below_src) else plain

    @property
    def public_dir(self) -> str | None:
        """The folder whose files are copied as they are, where it exists."""
        path = self.path(self.config.public_dir)
        return path if path is not None and os.path.isdir(path) else None

    def protected(self) -> list[str]:
        """Folders that no output directory may be or hold."""
        listed = [
            self.folder,
            self.app_dir,
            self.path(self.config.public_dir),
            self.path(self.config.cache_dir),
        ]
        return [path for path in listed if path is not None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The routes of a project, or what is wrong with them."""

    table: RouteTable[Route]
    errors: list[StaticRoutesError]
    warnings: list[str]


def load_project(project: Project, note: Callable[[str], None] = lambda what: None) -> Loaded:
    """Discover and import every route. Call it inside ``project.imports.active()``.

    ``note`` is told before each import, and ``""`` after the last. Raises ConfigError where there is no
    app folder.
    """
    errors: list[StaticRoutesError] = []
    warnings: list[str] = []
    routes: list[Route] = list(project.routes)
    app_dir = project.app_dir
    if app_dir is not None and os.path.isdir(app_dir):
        assert project.folder is not None
        found = discover(app_dir, project.folder)
        loaded, broken = load(found.files, project.folder, app_dir, note)
        errors += found.errors + broken
        warnings += found.warnings
        if (
            project.folder
            and os.path.isdir(os.path.join(project.folder, "src/app"))
            and app_dir == project.path("app")
        ):
            warnings.append("src/app is not routed, because there is an app folder beside it")
        routes += loaded
        if not routes and not errors and project.public_dir is None:
            errors.append(
                ConfigError(
                    "has no routes, and there is no public folder",
                    where=os.path.relpath(app_dir, project.folder).replace(os.sep, "/"),
                    hint="write app/hello.json/route.py with: def GET(): return {'hello': 'world'}",
                )
            )
    elif project.folder is not None and not routes:
        raise ConfigError(
            f"there is no app folder in {os.path.basename(project.folder) or project.folder}",
            hint="make app/hello.json/route.py with: def GET(): return {'hello': 'world'};"
            " or name the project: -C DIR",
        )
    table = RouteTable(routes)
    if project.routes:
        errors += [error for error in table.conflicts if str(error) not in {str(e) for e in errors}]
    return Loaded(table, errors, warnings)
