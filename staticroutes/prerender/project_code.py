"""Whose code is it? Frames told apart, to find the innermost line of the project's own."""

from __future__ import annotations

import enum
import os
import sys
from types import FrameType, TracebackType
from typing import Final, NamedTuple


class Owner(enum.Enum):
    """Whose file a frame runs."""

    PROJECT = "project"
    LIBRARY = "library"
    HOUSEKEEPING = "housekeeping"
    """logging, tempfile, asyncio, threading, the import system: they read the clock for themselves."""
    LOGGING = "logging"
    """The part of housekeeping that may use the network for itself as well (SysLogHandler)."""
    API = "api"
    """The part of staticroutes that handlers call."""
    RUNNER = "runner"
    """The part of staticroutes that calls handlers: where a stack of the project's begins."""


OWN_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STDLIB: Final = os.path.dirname(os.__file__) + os.sep
_HOUSEKEEPING: Final = (
    "asyncio",
    "concurrent",
    "importlib",
    "tempfile.py",
    "threading.py",
    "queue.py",
    "zipimport.py",
)
# Libraries live here, also where a project has its virtual environment inside its own folder.
_LIBRARY_PARTS: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class Place(NamedTuple):
    """Where something was read."""

    at: str | None
    """``file:line`` of the innermost line of the project's own code on the way; None if there is none."""
    through: str | None
    """The library function the project called on the way: ``gzip.compress``."""
    is_housekeeping: bool
    """True where a housekeeping module read it for itself."""
    is_logging: bool


class ProjectCode:
    """Tells the project's own code from that of libraries; ``root`` is the project folder."""

    def __init__(self, root: str | None) -> None:
        self.root = os.path.realpath(root) + os.sep if root else None
        self._owners: dict[str, Owner] = {}

    def owner(self, filename: str) -> Owner:
        """Whose file this is; remembered."""
        owner = self._owners.get(filename)
        if owner is None:
            owner = self._owners[filename] = self._classify(filename)
        return owner

    def shown(self, filename: str, line: int) -> str | None:
        """``app/me/route.py:14``; None for a file outside the project."""
        root = self.root or os.getcwd() + os.sep
        real = os.path.realpath(filename)
        return f"{real[len(root) :].replace(os.sep, '/')}:{line}" if real.startswith(root) else None

    def locate(self, frame: FrameType | None) -> Place:
        """The place of an access made in ``frame``, the innermost."""
        through: str | None = None
        innermost = True
        housekeeping = logging = ignored = False
        while frame is not None:
            owner = self.owner(frame.f_code.co_filename)
            if owner is Owner.RUNNER:
                break
            if owner in (Owner.HOUSEKEEPING, Owner.LOGGING):
                housekeeping = True
                logging = logging or owner is Owner.LOGGING
                ignored = ignored or innermost
                through = _called(frame)
            elif owner is Owner.API:
                ignored = ignored or innermost  # we read it ourselves: what feedgen invents is replaced
            else:
                # Somebody called the housekeeping; a thread's own start-up has nobody above it.
                ignored = ignored or housekeeping
                if owner is Owner.PROJECT:
                    shown = self.shown(frame.f_code.co_filename, frame.f_lineno)
                    return Place(shown, through, ignored, logging)
                through = _called(frame)
            innermost = False
            frame = frame.f_back
        return Place(None, through, ignored, logging)

    def place_of(self, traceback: TracebackType | None) -> str | None:
        """The innermost line of the project's own code in a traceback."""
        place = None
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if self.owner(code.co_filename) is Owner.PROJECT:
                place = self.shown(code.co_filename, traceback.tb_lineno) or place
            traceback = traceback.tb_next
        return place

    def _classify(self, filename: str) -> Owner:
        if filename.startswith(OWN_PACKAGE):
            inner = filename[len(OWN_PACKAGE) :]
            return Owner.RUNNER if inner.startswith(("prerender", "server", "builder", "site")) else Owner.API
        if filename.startswith("<frozen importlib"):
            return Owner.HOUSEKEEPING
        for part in _LIBRARY_PARTS:
            if part in filename:
                inner = filename[filename.rindex(part) + len(part) :]
                # feedgen fills dates from the clock; http.foreign replaces them.
                return Owner.HOUSEKEEPING if inner.startswith("feedgen" + os.sep) else Owner.LIBRARY
        if filename.startswith(_STDLIB):
            inner = filename[len(_STDLIB) :]
            if inner.startswith("logging" + os.sep):
                return Owner.LOGGING
            return Owner.HOUSEKEEPING if inner.startswith(_HOUSEKEEPING) else Owner.LIBRARY
        if filename.startswith("<"):
            return Owner.LIBRARY
        if self.root is None:
            return Owner.LIBRARY if filename.startswith((sys.prefix, sys.base_prefix)) else Owner.PROJECT
        return Owner.PROJECT if os.path.realpath(filename).startswith(self.root) else Owner.LIBRARY


def _called(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__", "")
    return f"{module}.{sys.intern(frame.f_code.co_qualname)}"
