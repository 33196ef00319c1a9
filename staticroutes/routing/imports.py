"""The import system, set up for a project: its folder on the path, its modules its own, route files
under names that nothing else has.

Strategy: a route file is loaded by its file name under a module name of its own, inside a package
that stands for its folder. So two folders never share a module (``a-b`` and ``a_b``), nothing of
the project's is shadowed (``app``, ``lib``), and ``from .helpers import x`` finds the file beside
the route. While a site's code is loaded or run, its project folder is on ``sys.path``
(ProjectImports); afterwards the modules found through it leave ``sys.modules``, so that another
site in the same process finds its own ``lib``.

A folder's ``__init__.py`` is run as that package's, as everywhere in Python; most folders have none.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import itertools
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, ModuleType
from typing import Any, Final

from staticroutes.errors import LoadError, StaticRoutesError
from staticroutes.http.requests import current_scope
from staticroutes.routing.discovery import RouteFile

_serial = itertools.count(1)
_INTERNAL_NAME: Final = re.compile(r"_staticroutes_\d+_([^\s'\"]*)")
_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
# Never a project's own, also where the project's folder holds them: a checkout, a home folder.
_ELSEWHERE: Final = (_PACKAGE, os.path.dirname(os.path.realpath(os.__file__)) + os.sep)


class _Turn:
    """Two projects in two threads take turns: ``sys.modules`` has room for one ``lib``.

    Not for a site that is used inside another's handler, nor for two in one thread (a suspended
    ``iter_build``): there the first would wait for itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    def take(self) -> bool:
        """Wait for the turn; False where it is not waited for."""
        if current_scope.get() is not None or self._holder == threading.get_ident():
            return False
        self._lock.acquire()
        self._holder = threading.get_ident()
        return True

    def give_back(self) -> None:
        """Let the next one in."""
        self._holder = None
        self._lock.release()


_TURN: Final = _Turn()


class ProjectImports:
    """Puts a project's folder on ``sys.path`` and its modules into ``sys.modules``, for a while.

    Entered again, it gives the same modules as before. With no folder it does nothing. Modules that
    stood in ``sys.modules`` under names of the project's (the embedding program's own ``lib``) are put
    aside meanwhile; those that the program has itself imported from the folder are shared and stay.
    """

    def __init__(self, project_dir: str | None) -> None:
        self._root = os.path.realpath(project_dir) if project_dir else None
        # As given, too: modules beside the routes are found through that name.
        given = os.path.abspath(project_dir) if project_dir else ""
        self._roots = tuple({root.rstrip(os.sep) + os.sep for root in (self._root, given) if root})
        self._modules: dict[str, ModuleType] = {}
        self._before: dict[str, ModuleType] = {}
        self._aside: dict[str, ModuleType] = {}
        self._depth = 0

    @contextmanager
    def active(self) -> Iterator[None]:
        """The project's imports work inside this block."""
        if self._root is None:
            yield
            return
        has_turn = self._depth == 0 and _TURN.take()
        self._depth += 1
        if self._depth == 1:
            self._enter(self._root)
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._leave(self._root)
            if has_turn:
                _TURN.give_back()

    def _enter(self, root: str) -> None:
        self._before = dict(sys.modules)
        names = _top_names(root)
        self._aside = {
            name: module
            for name, module in self._before.items()
            if name.partition(".")[0] in names and not self._is_ours(module)
        }
        for name in self._aside:
            del sys.modules[name]
        sys.modules.update(self._modules)
        sys.path_hooks.insert(0, self._finder)
        self._forget_finders()
        sys.path.insert(0, root)

    def _leave(self, root: str) -> None:
        if root in sys.path:
            sys.path.remove(root)
        if self._finder in sys.path_hooks:
            sys.path_hooks.remove(self._finder)
        self._forget_finders()
        # All are found first: a namespace package looks up its parent when it is asked for its path.
        found = {
            name: module
            for name, module in sys.modules.items()
            if self._before.get(name) is not module and self._is_ours(module)
        }
        self._modules.update(found)
        for name in found:
            del sys.modules[name]
            if name in self._before:
                sys.modules[name] = self._before[name]
        sys.modules.update(self._aside)
        self._before, self._aside = {}, {}

    def _is_ours(self, module: object) -> bool:
        values = getattr(module, "__dict__", {})
        file = values.get("__file__")
        return any(map(self._is_inside, list(values.get("__path__", ())) if file is None else [file]))

    def _is_inside(self, path: object) -> bool:
        return isinstance(path, str) and any(_is_inside(path, root) for root in self._roots)

    def _finder(self, path: str) -> importlib.machinery.FileFinder:
        """A path hook for the project's folders: their modules are read by ``_SourceLoader``."""
        if not self._is_inside(os.path.join(path, "")):
            raise ImportError("not a folder of the project", path=path)
        return importlib.machinery.FileFinder(
            path,
            (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
            (_SourceLoader, importlib.machinery.SOURCE_SUFFIXES),
            (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
        )

    def _forget_finders(self) -> None:
        """A finder remembers a folder's files, and one made by another hook would answer in its stead."""
        for path in list(sys.path_importer_cache):
            if self._is_inside(os.path.join(path, "")):
                del sys.path_importer_cache[path]


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Keeps no bytecode of source that is younger than two seconds.

    A ``.pyc`` file knows its source by length and by time of change in whole seconds. A file that is
    written twice within one would be taken for what it was, by the build after the next.
    """

    def get_code(self, fullname: str) -> CodeType | None:
        # On 3.11 prerender.plain looks at the same code soon after.
        if self._code is None:
            self._code = super().get_code(fullname)
        return self._code

    _code: CodeType | None = None

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        if time.time() - os.stat(self.path).st_mtime > 2:
            super().set_data(path, data, _mode=_mode)


def _top_names(root: str) -> set[str]:
    """Names of the project's that are in use in this process; the standard library's are never its own."""
    loaded = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"staticroutes"}
    found = set()
    for entry in os.scandir(root):
        name = entry.name.removesuffix(".py")
        if name in loaded and (name != entry.name or _has_source(entry.path)):
            found.add(name)
    return found


def _has_source(path: str) -> bool:
    return os.path.isdir(path) and any(name.endswith(".py") for name in os.listdir(path))


def _is_inside(path: str, root: str) -> bool:
    """Whether a file is of the project in ``root`` (which ends in a slash): not of a library kept there."""
    if not path.startswith(root):
        return False
    return f"{os.sep}site-packages{os.sep}" not in path and not path.startswith(_ELSEWHERE)


class Packages:
    """Synthetic packages, one for each folder below the app folder."""

    def __init__(self, app_dir: str, shown: str) -> None:
        self._root = f"_staticroutes_{next(_serial)}_{_mangle(shown)}"
        self._app_dir = app_dir
        self._made: set[str] = set()

    def load(self, file: RouteFile) -> ModuleType:
        return _run(f"{self._package(file.folders)}.route", file.file)

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
        init = os.path.join(path, "__init__.py")
        if os.path.isfile(init):
            _run(name, init, path)
        else:
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [path]
            sys.modules[name] = importlib.util.module_from_spec(spec)
        self._made.add(name)


def _run(name: str, file: str, package_path: str | None = None) -> ModuleType:
    """The module of a file, under a name of our choice."""
    spec = importlib.util.spec_from_file_location(
        name,
        file,
        loader=_SourceLoader(name, file),
        submodule_search_locations=None if package_path is None else [package_path],
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _mangle(folder: str) -> str:
    """A module name that no other folder name gives: ``a.b`` → ``a%2E;b``. The import system does not
    mind signs, only dots part packages."""
    return re.sub(r"[^\w\[\]()-]", lambda sign: f"%{ord(sign[0]):X};", folder)


def _shown_module(name: str) -> str:
    """The folder that a module name of ours stands for: ``app/a.b``."""
    return re.sub(r"%([0-9A-F]+);", lambda sign: chr(int(sign[1], 16)), name.replace(".", "/"))


def import_error(error: BaseException, source: str, project_dir: str) -> LoadError:
    """The LoadError for what an import raised: the place is the innermost line of the project's."""
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno or 1))
    where = source
    for filename, line in lines:
        if os.path.isabs(filename):  # not <frozen importlib._bootstrap>
            where = relative(f"{filename}:{line}", project_dir) or where
    through = "" if where == source or where.startswith(source + ":") else f" (imported by {source})"
    said, hint = _said(error).replace(os.path.join(os.path.realpath(project_dir), ""), ""), None
    match error:
        case SyntaxError():
            said = f"{type(error).__name__}: {error.msg}"
            through += f"\n    {error.text.strip()}" if error.text else ""
        case SystemExit():
            said = f"it called sys.exit({error.code!r})"
            hint = "a route file is imported, not run: remove the call"
        case StaticRoutesError():
            said, hint = error.message, error.hint
        case ModuleNotFoundError() if error.name and error.name.startswith("_staticroutes_"):
            hint = "it must lie beside the route file: from .name import … finds name.py there"
        case ModuleNotFoundError() if error.name:
            name = error.name.partition(".")[0]
            hint = f"install it, or check the name; a module of the project is {name}.py in its folder"
    return LoadError(f"cannot be imported: {said}{through}", where=where, hint=hint)


def _said(error: BaseException) -> str:
    """An exception in one line; module names that we made up are shown as the folders they stand for."""
    try:
        text = str(error)
    except Exception:  # a __str__ of the author's
        text = ""
    text = _INTERNAL_NAME.sub(lambda name: _shown_module(name[1]), text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def ends_program(error: BaseException) -> bool:
    """True for what no code of the project's has raised: Ctrl-C, and the end that SIGTERM is turned into."""
    if isinstance(error, SystemExit):
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        return bool(frames) and os.path.realpath(frames[-1].f_code.co_filename).startswith(_PACKAGE)
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))


def relative(where: str | None, project_dir: str) -> str | None:
    """``/site/app/x/route.py:3`` relative to the project; None for a file outside."""
    if where is None or not os.path.isabs(where):
        return where
    file, _, line = where.rpartition(":")
    for real in (os.path.abspath, os.path.realpath):
        path, root = real(file), real(project_dir)
        if _is_inside(path, os.path.join(root, "")):
            return f"{os.path.relpath(path, root)}:{line}".replace(os.sep, "/")
    return None
