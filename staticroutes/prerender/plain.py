"""Whether code could reach the clock or randomness at all: a look at what it imports and names (3.11).

A route is *plain* when every module of the project that its code imports, directly or not, mentions
no unstable name and imports nothing but such modules and libraries that are known to be stable.
Only then may its renders go without a profile function; in doubt a route is not plain. The
look is at compiled code, so it sees imports inside functions too.
"""

from __future__ import annotations

import importlib.util
import opcode
import os
import re
import sys
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any, Final

from staticroutes.prerender.project_code import Owner, ProjectCode

# Modules that never read the clock or randomness for their caller, whatever is called in them,
# except under the names in _UNSTABLE_NAMES.
_STABLE: Final = frozenset(
    """__future__ _thread abc array ast base64 binascii bisect builtins calendar cmath codecs
    collections collections.abc colorsys configparser contextlib contextvars copy csv dataclasses datetime
    decimal difflib enum fnmatch fractions functools glob graphlib hashlib heapq hmac html html.parser io
    itertools json keyword locale logging math numbers operator os os.path pathlib posixpath pprint re
    shutil sqlite3 string struct sys textwrap tomllib types typing typing_extensions unicodedata urllib.parse
    weakref xml.dom xml.dom.minidom xml.etree xml.etree.ElementTree xml.sax.saxutils zlib zoneinfo
    asyncio threading""".split()
)
# The same for packages with all that is in them.
_STABLE_PACKAGES: Final = frozenset(
    """attr attrs feedgen jinja2 lxml markdown markdown_it markupsafe msgspec pydantic pygments staticroutes
    yaml""".split()
)
_CLOCK_NAMES: Final = frozenset(["now", "today", "utcnow"])
_UNSTABLE_NAMES: Final = frozenset(["urandom", "getrandom", "import_module", "_inst", "open_connection"])
_BUILTINS: Final = frozenset(["eval", "exec", "compile", "__import__"])
_TEMPLATE_WORDS: Final = re.compile(rb"\{[{%][^}]*\b(?:random|lipsum|now|today|utcnow)\b")
_TEMPLATE_SUFFIXES: Final = (
    ".html",
    ".htm",
    ".xml",
    ".txt",
    ".md",
    ".svg",
    ".jinja",
    ".jinja2",
    ".j2",
    ".ics",
)
_IMPORT_NAME: Final = opcode.opmap["IMPORT_NAME"]
_EXTENDED_ARG: Final = opcode.opmap["EXTENDED_ARG"]


class PlainCode:
    """Answers for the routes of one project, each module looked at once."""

    def __init__(self, code: ProjectCode) -> None:
        self._code = code
        self._modules: dict[str, bool] = {}
        self._templates: bool | None = None

    def is_plain(self, function: Any) -> bool:
        """True where calling ``function`` cannot reach an unstable input."""
        name = getattr(function, "__module__", None)
        return isinstance(name, str) and self._module(name)

    def _module(self, name: str) -> bool:
        known = self._modules.get(name)
        if known is None:
            self._modules[name] = True  # a cycle is as plain as the rest of it
            known = self._modules[name] = self._look(name)
        return known

    def _look(self, name: str) -> bool:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if module is None or file is None or self._code.owner(file) is not Owner.PROJECT:
            return False
        compiled = _compiled(module, name)
        if compiled is None:
            return False
        package = module.__package__ or ""
        for code in _nested(compiled):
            if not _UNSTABLE_NAMES.isdisjoint(code.co_names) or _holds_name(code):
                return False
            names = _CLOCK_NAMES | _BUILTINS
            if not names.isdisjoint(code.co_names) and _reads_clock_or_runs_text(code):
                return False
            for imported in _imports(code, package):
                if imported is None or not self._import(imported):
                    return False
        return True

    def _import(self, name: str) -> bool:
        package = name.partition(".")[0]
        if name in _STABLE or package in _STABLE_PACKAGES:
            return package != "jinja2" or self._templates_are_plain()
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if file is None:
            # A folder without __init__.py: what is imported from it is a module of its own. What is built
            # into Python (time) has no file either, and no path.
            return hasattr(module, "__path__") and self._package(name)
        return self._code.owner(file) is Owner.PROJECT and self._module(name) and self._package(name)

    def _package(self, name: str) -> bool:
        """``from lib import dates`` names the module in a list: every loaded one of the package counts."""
        inside = name + "."
        return all(self._module(other) for other in list(sys.modules) if other.startswith(inside))

    def _templates_are_plain(self) -> bool:
        """Jinja2 has a ``random`` filter and ``lipsum``, and templates call what they are given."""
        if self._templates is None:
            self._templates = self._code.root is not None and not any(
                _TEMPLATE_WORDS.search(text) for text in _template_texts(self._code.root)
            )
        return self._templates


def _compiled(module: ModuleType, name: str) -> CodeType | None:
    loader: Any = getattr(module.__spec__, "loader", None)
    try:
        code = loader.get_code(name)
    except Exception:
        return None
    return code if isinstance(code, CodeType) else None


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _reads_clock_or_runs_text(code: CodeType) -> bool:
    """``x.now()`` on anything, ``datetime.now`` handed on, the builtin ``eval``; not ``re.compile`` nor
    a field that is called ``now``."""
    import dis

    before = ""
    for step in dis.get_instructions(code):
        if step.argval in _CLOCK_NAMES and (
            step.opname == "LOAD_METHOD" or (step.opname == "LOAD_ATTR" and "date" in before.lower())
        ):
            return True
        if step.argval in _BUILTINS and step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            return True
        before = str(step.argval)
    return False


def _holds_name(code: CodeType) -> bool:
    """``getattr(datetime, "now")``: the name is a constant then."""
    return "getattr" in code.co_names and not (_UNSTABLE_NAMES | _CLOCK_NAMES).isdisjoint(
        constant for constant in code.co_consts if isinstance(constant, str)
    )


def _imports(code: CodeType, package: str) -> Iterator[str | None]:
    """The modules that a code object imports; None for one that cannot be told."""
    units = code.co_code
    for at in range(0, len(units), 2):
        if units[at] != _IMPORT_NAME:
            continue
        # LOAD_CONST level, LOAD_CONST names, IMPORT_NAME module
        if at < 4 or _EXTENDED_ARG in (units[at - 2], units[at - 4], units[at - 6] if at >= 6 else 0):
            yield None
            continue
        level, names = code.co_consts[units[at - 3]], code.co_consts[units[at - 1]]
        name = code.co_names[units[at + 1]]
        if not isinstance(level, int):
            yield None
            continue
        if level:
            try:
                name = importlib.util.resolve_name("." * level + name, package)
            except ImportError:
                yield None
                continue
        if name in ("urllib", "xml", "xml.sax") and names:
            for inner in names:
                yield f"{name}.{inner}"
        else:
            yield name


def _template_texts(root: str) -> Iterator[bytes]:
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "_")) and name not in ("node_modules", "out")
        ]
        for name in names:
            if name.endswith(_TEMPLATE_SUFFIXES):
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        yield file.read()
                except OSError:
                    yield b"{{ now"  # cannot be looked at: not plain
