"""Route files to routes: imported, their handlers and options checked."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from staticroutes.errors import LoadError, StaticRoutesError
from staticroutes.routing.discovery import RouteFile
from staticroutes.routing.imports import Packages, ends_program, import_error, relative
from staticroutes.routing.imports import ProjectImports as ProjectImports
from staticroutes.routing.misspelt import KNOWN_NAMES, Names, misspelt
from staticroutes.routing.options import METHODS, OPTIONS, SegmentOptions, nearest_word, read_options
from staticroutes.routing.segments import Pattern

Handler = Callable[..., Any]


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
    never_static_at: str = ""
    """``file:line`` of the option that makes it dynamic, where one does."""

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
        problems: Sequence[LoadError] = (),
    ) -> Route:
        """The route made of a module's names, checked. Raises LoadErrors with each mistake.

        ``where_of(name)`` gives the ``file:line`` where the module itself sets a name, ``""`` for one that
        it imports; ``problems`` are those that are known already.
        """
        values = {
            name: values[name]
            for name in KNOWN_NAMES
            if name in values and _is_meant(name, values[name], where_of)
        }
        handlers, parameters, wrong = _read_handlers(values, lambda name: where_of(name) or source)
        problems = [*problems, *wrong]
        options, bad = read_options(values)
        for name, wanted in bad:
            problems.append(
                LoadError(
                    f"{name} must be {wanted}, not {_short(values[name])}",
                    where=where_of(name) or source,
                    hint=_option_hint(name, values[name]),
                )
            )
        listing = values.get("generate_static_params")
        if listing is not None and not callable(listing):
            problems.append(
                LoadError(
                    f"generate_static_params is {type(listing).__name__}, not a function",
                    where=where_of("generate_static_params") or source,
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
        name = "GET" if "GET" in handlers else next(iter(handlers))
        said_by = "dynamic" if options.dynamic == "force-dynamic" else "revalidate"
        return cls(
            pattern,
            source,
            handlers,
            options,
            listing,
            where=_place(handlers[name]) or where_of(name) or source,
            parameters=parameters,
            never_static_at=where_of(said_by) or source if options.is_never_static else "",
        )


def _is_meant(name: str, value: Any, where_of: Callable[[str], str]) -> bool:
    """False for what a module imports under a name of ours by chance: ``import runtime``."""
    if isinstance(value, (ModuleType, type)) or callable(value) is (name in OPTIONS):
        return bool(where_of(name))
    return True


def _read_handlers(
    values: Mapping[str, Any], where_of: Callable[[str], str]
) -> tuple[dict[str, Handler], dict[str, int], list[LoadError]]:
    """The handlers by method, how many arguments each takes, and what is wrong with the others."""
    handlers: dict[str, Handler] = {}
    parameters: dict[str, int] = {}
    problems: list[LoadError] = []
    for name in METHODS:
        handler = values.get(name)
        if handler is None:
            continue
        if not callable(handler) or isinstance(handler, type):
            said = "a class" if isinstance(handler, type) else type(handler).__name__
            problems.append(
                LoadError(
                    f"{name} is {said}, not a function",
                    where=where_of(name),
                    hint=f"def {name}(request): …",
                )
            )
            continue
        handlers[name] = handler
        try:
            parameters[name] = _count_parameters(handler)
        except LoadError as error:
            where = _place(handler) or where_of(name)
            problems.append(LoadError(f"{name} {error.message}", where=where, hint=error.hint))
    return handlers, parameters, problems


class LoadErrors(LoadError):
    """All that is wrong with one route file."""

    def __init__(self, errors: list[LoadError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.errors,))


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
    packages = Packages(app_dir, os.path.relpath(app_dir, project_dir))
    routes: list[Route] = []
    errors: list[StaticRoutesError] = []
    for file in files:
        note(f"importing {file.source}")
        try:
            module = packages.load(file)
            names = Names(file)
            routes.append(
                Route.of(
                    file.pattern,
                    file.source,
                    vars(module),
                    where_of=names.where,
                    problems=misspelt(module, names),
                )
            )
        except LoadErrors as error:
            errors += [
                LoadError(e.message, where=relative(e.where, project_dir) or file.source, hint=e.hint)
                for e in error.errors
            ]
        except BaseException as error:  # sys.exit() too: one file must not end the build
            if ends_program(error):
                raise
            errors.append(import_error(error, file.source, project_dir))
    note("")
    return [
        replace(route, where=relative(route.where, project_dir) or route.source) for route in routes
    ], errors


def _count_parameters(handler: Any) -> int:
    """How many arguments a handler is called with: 0, 1 or 2."""
    parameters: list[inspect.Parameter] = []
    is_open = True
    # A decorator's own (request, context) is what gets called; what passes on *args, or is written in C
    # (functools.cache), takes what the function in it takes.
    while is_open and callable(handler):
        try:
            parameters = [*inspect.signature(handler, follow_wrapped=False).parameters.values()]
            is_open = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        except (TypeError, ValueError):
            pass
        handler = getattr(handler, "__wrapped__", None)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    keyword = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if len(required) > 2 or keyword:
        extra = keyword[0] if keyword else required[2].name
        raise LoadError(
            f"takes {extra}, which nothing gives it",
            hint="a handler takes (), (request) or (request, context)",
        )
    return 2 if is_open else min(len(positional), 2)


def _option_hint(name: str, value: Any) -> str:
    if isinstance(value, str) and (near := nearest_word(name, value)):
        return f'did you mean "{near}"?'
    if name == "revalidate" and value is True:
        return "True is no number of seconds; False means never again, 0 never static"
    if name == "runtime":
        return "leave it out: handlers run in Python, whatever the host"
    if name == "max_duration":
        return "leave it out, and timeout in the configuration counts"
    return f"leave it out, and it is {getattr(SegmentOptions(), name)!r}"


def _place(handler: Handler) -> str | None:
    """``file:line`` of a function, of what a partial calls, of an object's ``__call__``."""
    function: Any = inspect.unwrap(handler)
    function = getattr(function, "func", function)
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", None)  # noqa: B004  (the function itself is wanted)
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else None


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."
