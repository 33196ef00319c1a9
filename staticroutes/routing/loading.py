"""Route files to routes: user code is imported here.

Strategy: a route file is loaded by its file name under a module name of its own, inside a package
that stands for its folder. So two folders never share a module (``a-b`` and ``a_b``), nothing of
the project's is shadowed (``app``, ``lib``), and ``from .helpers import x`` finds the file beside
the route. While a site's code is loaded or run, its project folder is on ``sys.path``
(ProjectImports); afterwards the modules found through it leave ``sys.modules``, so that another
site in the same process finds its own ``lib``.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import inspect
import itertools
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any, Final

from staticroutes.errors import LoadError, StaticRoutesError
from staticroutes.routing.discovery import RouteFile
from staticroutes.routing.options import METHODS, OPTIONS, SegmentOptions, read_options
from staticroutes.routing.segments import Pattern

Handler = Callable[..., Any]

_KNOWN_NAMES: Final = (*METHODS, *OPTIONS, "generate_static_params")
_PLAIN_NAMES: Final = {name.replace("_", "").lower(): name for name in _KNOWN_NAMES}
_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Route:
    """One loaded route: its pattern, its handlers, its options."""

    pattern: Pattern
    source: str
    handlers: Mapping[str, Handler]
    options: SegmentOptions
    generate_static_params: Callable[..., Any] | None = None
    kind: str = "route"
    where: str = ""
    """``file:line`` of the GET handler (of the file where there is none)."""
    parameters: Mapping[str, int] | None = None
    """How many arguments each handler takes: 0, 1 or 2."""

    @property
    def methods(self) -> list[str]:
        """What a server answers, sorted: HEAD comes with GET, OPTIONS always."""
        return sorted({*self.handlers, "OPTIONS"} | ({"HEAD"} if "GET" in self.handlers else set()))

    @classmethod
    def of(
        cls,
        pattern: Pattern,
        source: str,
        values: Mapping[str, Any],
        *,
        where_of: Callable[[str], str],
    ) -> Route:
        """The route made of a module's names, checked. Raises one LoadError for each mistake, joined.

        ``where_of(name)`` gives the ``file:line`` where a name is set, for messages.
        """
        problems: list[LoadError] = []
        handlers = {name: values[name] for name in METHODS if callable(values.get(name))}
        parameters: dict[str, int] = {}
        for name in METHODS:
            if name in values and values[name] is not None and name not in handlers and where_of(name):
                problems.append(
                    LoadError(
                        f"{name} is {type(values[name]).__name__}, not a function",
                        where=where_of(name),
                        hint=f"def {name}(request): …",
                    )
                )
        for name, handler in handlers.items():
            try:
                parameters[name] = _count_parameters(handler)
            except LoadError as error:
                problems.append(
                    LoadError(
                        f"{name} {error.message}", where=_place(handler, where_of(name)), hint=error.hint
                    )
                )
        options, bad = read_options(values)
        for name, wanted in bad:
            problems.append(
                LoadError(
                    f"{name} must be {wanted}, not {values[name]!r}",
                    where=where_of(name),
                    hint=_option_hint(name, values[name]),
                )
            )
        listing = values.get("generate_static_params")
        if listing is not None and not callable(listing):
            problems.append(
                LoadError(
                    f"generate_static_params is {type(listing).__name__}, not a function",
                    where=where_of("generate_static_params"),
                    hint="def generate_static_params(): return [{…}]",
                )
            )
        if not handlers and not problems:
            problems.append(
                LoadError(
                    "has no handler",
                    where=source,
                    hint="def GET(request): … (GET, POST and so on, upper case)",
                )
            )
        if problems:
            raise LoadErrors(problems)
        return cls(
            pattern,
            source,
            handlers,
            options,
            listing,
            where=_place(handlers.get("GET") or next(iter(handlers.values())), source),
            parameters=parameters,
        )


class LoadErrors(LoadError):
    """All that is wrong with one route file."""

    def __init__(self, errors: list[LoadError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


def load(
    files: list[RouteFile],
    project_dir: str,
    app_dir: str,
    note: Callable[[str], None] = lambda what: None,
) -> tuple[list[Route], list[StaticRoutesError]]:
    """Import every route file; the routes, and what is wrong with the others.

    Call it inside ``ProjectImports``. An import error, a syntax error or a ``sys.exit()`` in one file
    is reported with its place and does not keep the others from being loaded.
    """
    packages = _Packages(app_dir, os.path.relpath(app_dir, project_dir))
    routes: list[Route] = []
    errors: list[StaticRoutesError] = []
    for file in files:
        note(f"importing {file.source}")
        try:
            module = packages.load(file)
            _check_names(module, file)
            routes.append(
                Route.of(
                    file.pattern,
                    file.source,
                    vars(module),
                    where_of=lambda name, module=module, file=file: _where_defined(module, file, name),  # type: ignore[misc]
                )
            )
        except LoadErrors as error:
            errors += [
                LoadError(e.message, where=_relative(e.where, project_dir), hint=e.hint) for e in error.errors
            ]
        except StaticRoutesError as error:
            errors.append(error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() too: one file must not end the build
            errors.append(import_error(error, file.source, project_dir))
    note("")
    fixed = [
        route
        if route.where == route.source
        else _with_where(route, _relative(route.where, project_dir) or route.source)
        for route in routes
    ]
    return fixed, errors


class ProjectImports:
    """Puts a project's folder on ``sys.path`` and its modules into ``sys.modules``, for a while.

    Entered again, it gives the same modules as before. With no folder it does nothing.
    """

    def __init__(self, project_dir: str | None) -> None:
        self._root = os.path.realpath(project_dir) if project_dir else None
        self._modules: dict[str, ModuleType] = {}
        self._depth = 0

    @contextmanager
    def active(self) -> Iterator[None]:
        """The project's imports work inside this block."""
        if self._root is None:
            yield
            return
        self._depth += 1
        if self._depth == 1:
            sys.path.insert(0, self._root)
            self._before = {name: sys.modules.get(name) for name in self._modules}
            sys.modules.update(self._modules)
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._leave()

    def _leave(self) -> None:
        assert self._root is not None
        if self._root in sys.path:
            sys.path.remove(self._root)
        inside = self._root + os.sep
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            paths = list(getattr(module, "__path__", ())) if file is None else [file]
            # Our own package may lie inside the project (a checkout); it stays.
            if any(_is_inside(path, inside) for path in paths) and not name.startswith(
                ("staticroutes", "__main")
            ):
                self._modules[name] = module
                del sys.modules[name]
        for name, before in self._before.items():
            if before is not None:
                sys.modules[name] = before


def _is_inside(path: Any, inside: str) -> bool:
    if not isinstance(path, str):
        return False
    return path.startswith(inside) and f"{os.sep}site-packages{os.sep}" not in path


class _Packages:
    """Synthetic packages, one for each folder below the app folder."""

    def __init__(self, app_dir: str, shown: str) -> None:
        self._root = f"_staticroutes_{next(_serial)}_{_mangle(shown)}"
        self._app_dir = app_dir
        self._made: set[str] = set()

    def load(self, file: RouteFile) -> ModuleType:
        package = self._package(file.folders)
        name = f"{package}.route"
        spec = importlib.util.spec_from_file_location(name, file.file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        return module

    def _package(self, folders: tuple[str, ...]) -> str:
        name, path = self._root, self._app_dir
        self._ensure(name, path)
        for folder in folders:
            name, path = f"{name}.{_mangle(folder)}", os.path.join(path, folder)
            self._ensure(name, path)
        return name

    def _ensure(self, name: str, path: str) -> None:
        if name in self._made:
            return
        self._made.add(name)
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [path]
        sys.modules[name] = importlib.util.module_from_spec(spec)


def _mangle(folder: str) -> str:
    """A module name that no other folder name gives: ``a-b`` → ``a%2Db``. The import system does not
    mind signs, only dots part packages."""
    return re.sub(r"[^\w\[\]()-]", lambda sign: f"%{ord(sign[0]):X}", folder)


def _count_parameters(handler: Handler) -> int:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return 2
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    keyword = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if len(required) > 2 or keyword:
        raise LoadError("takes too much", hint="a handler takes (), (request) or (request, context)")
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 2
    return min(len(positional), 2)


def _check_names(module: ModuleType, file: RouteFile) -> None:
    """Refuse names of the module's own that look like a misspelt option or method."""
    problems = []
    for name, value in vars(module).items():
        if name in _KNOWN_NAMES or name.startswith("_"):
            continue
        meant = _PLAIN_NAMES.get(name.replace("_", "").lower())
        if meant is None and len(name) >= 10:
            meant = next(
                iter(get_close_matches(name, [n for n in _KNOWN_NAMES if len(n) >= 10], 1, 0.9)), None
            )
        if meant is None or (meant in METHODS and not inspect.isfunction(value)):
            continue
        where = _where_defined(module, file, name)
        if where:
            problems.append(
                LoadError(f"{name} means nothing in a route file", where=where, hint=f"did you mean {meant}?")
            )
    if problems:
        raise LoadErrors(problems)


def _where_defined(module: ModuleType, file: RouteFile, name: str) -> str:
    """``file:line`` where the module itself sets ``name``; ``""`` where it imports it."""
    try:
        with open(file.file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return file.source
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == name:
            return f"{file.source}:{node.lineno}"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
            return f"{file.source}:{node.lineno}"
    return ""


def _option_hint(name: str, value: Any) -> str | None:
    if name == "dynamic" and isinstance(value, str):
        near = get_close_matches(
            value.replace("_", "-"), ["auto", "force-static", "force-dynamic", "error"], 1
        )
        return f'did you mean "{near[0]}"?' if near else None
    if name == "revalidate" and value is True:
        return "True is no number of seconds; False means never again, 0 never static"
    if name == "runtime":
        return "leave it out: handlers run in Python, whatever the host"
    return None


def _place(handler: Handler, fallback: str) -> str:
    code = getattr(inspect.unwrap(handler), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else fallback


def _relative(where: str | None, project_dir: str) -> str | None:
    if where is None or not os.path.isabs(where):
        return where
    shown = os.path.relpath(where, project_dir).replace(os.sep, "/")
    return None if shown.startswith("../") else shown


def _with_where(route: Route, where: str) -> Route:
    import dataclasses

    return dataclasses.replace(route, where=where)


def import_error(error: BaseException, source: str, project_dir: str) -> LoadError:
    """The LoadError for what an import raised: the place is the innermost line of the project's."""
    if isinstance(error, SyntaxError) and error.filename:
        where = _relative(f"{error.filename}:{error.lineno}", project_dir) or source
        shown = f"\n    {error.text.strip()}" if error.text else ""
        return LoadError(f"cannot be imported: {type(error).__name__}: {error.msg}{shown}", where=where)
    root = os.path.realpath(project_dir) + os.sep
    where = source
    for frame in traceback.extract_tb(error.__traceback__):
        if _is_inside(os.path.realpath(frame.filename), root):
            where = _relative(f"{frame.filename}:{frame.lineno}", project_dir) or source
    through = "" if where.startswith(source + ":") or where == source else f" (imported by {source})"
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = None
    if isinstance(error, SystemExit):
        said, hint = (
            f"it called sys.exit({error.code!r})",
            "a route file is imported, not run: remove the call",
        )
    elif isinstance(error, ModuleNotFoundError) and error.name:
        hint = (
            f"install it, or check the name: the project folder is on the path, so {error.name} must lie there"
            if "." not in error.name
            else None
        )
    return LoadError(f"cannot be imported: {said}{through}", where=where, hint=hint)
