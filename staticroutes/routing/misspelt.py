"""Names that a route file sets: where, and which of them look like a misspelt option or method."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any, Final

from staticroutes.errors import LoadError
from staticroutes.routing.discovery import RouteFile
from staticroutes.routing.options import METHODS, OPTIONS

KNOWN_NAMES: Final = (*METHODS, *OPTIONS, "generate_static_params")
"""The names that mean something in a route file."""
_PLAIN_NAMES: Final = {name.replace("_", "").lower(): name for name in KNOWN_NAMES}


def misspelt(module: ModuleType, names: Names) -> list[LoadError]:
    """Names of the module's own that look like a misspelt option or method."""
    problems = []
    for name, value in vars(module).items():
        if name in KNOWN_NAMES or name.startswith("_"):
            continue
        meant = _PLAIN_NAMES.get(name.replace("_", "").lower())
        if meant in METHODS and not isinstance(value, FunctionType):
            continue
        meant = meant or _near_name(name, value)
        if meant is None:
            continue
        where = names.where(name)
        if where:
            problems.append(
                LoadError(f"{name} means nothing in a route file", where=where, hint=f"did you mean {meant}?")
            )
    return problems


def _near_name(name: str, value: Any) -> str | None:
    """The known name that is spelt nearly so and that ``value`` fits: ``revalidat = 60``, but not
    ``revalidated = []``."""
    for near in _near_names(name):
        fits = OPTIONS[near](value) is None if near in OPTIONS else callable(value)
        if fits and abs(len(near) - len(name)) <= 2:
            return near
    return None


@functools.cache
def _near_names(name: str) -> list[str]:
    """The options spelt like ``name``; remembered, because route files share their names."""
    from difflib import get_close_matches

    return get_close_matches(name, [*OPTIONS, "generate_static_params"], 3, 0.8)


class Names:
    """Where a route file sets its names, by its source text; read when somebody asks."""

    def __init__(self, file: RouteFile) -> None:
        self._file = file
        self._lines: dict[str, int] | None = None

    def where(self, name: str) -> str:
        """``file:line`` where the module itself sets ``name``; ``""`` where it imports it."""
        if self._lines is None:
            try:
                with open(self._file.file, "rb") as source:
                    self._lines = dict(_module_names(ast.parse(source.read()).body))
            except (OSError, SyntaxError, ValueError):  # changed since it was imported
                return self._file.source
        line = self._lines.get(name)
        return f"{self._file.source}:{line}" if line is not None else ""


def _module_names(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, int]]:
    """The names that statements set in their own scope, with their lines, in order."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id, node.lineno
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from _module_names(list(ast.iter_child_nodes(node)))
