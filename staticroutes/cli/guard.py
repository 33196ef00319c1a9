"""A guard around the build: user code may hang, crash or call ``os._exit`` and must not end it unsaid.

The build runs in a child process. Its first attempt calls handlers in that very process, which is
fast; when the child ends before it has reported, the build is done again with every handler in a
worker process, so that the URL to blame can be named. A child that ends while it imports a route file
or lists its params ends so again, and then that file is named.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final, Literal

from staticroutes.errors import StaticRoutesError

GAVE_UP: Final = 75
"""Exit code of a child with a handler in it that cannot be ended."""
_GRACE: Final = 1.5
"""Seconds that a child has to clean up after Ctrl-C or SIGTERM."""

Isolation = Literal["workers", "none", "guarded"]
Build = Callable[[Isolation, Callable[[str], None], Callable[[bool], None]], int]
_PULSE: Final = 4095
"""Where in the shared page the pulse is: it changes while handlers run, and is 0 while none does."""


def guarded(build: Build, *, limit: float, silence: float) -> int:
    """Run ``build(isolation, note, pulse)`` in a child process; gives its exit code.

    ``note(what)`` says what the child is about to do with user code outside of handlers, ``""`` when it
    is done; nothing so noted may take more than ``limit`` seconds. ``pulse(True)`` is a sign of life while
    handlers run; after ``silence`` seconds without one the child is taken to hang where not even its
    monitor runs (C code that holds the interpreter). Raises StaticRoutesError for a child
    that ended by itself, naming what it did.
    """
    if not hasattr(os, "fork") or sys.stdout is not sys.__stdout__:
        return build("workers", lambda what: None, lambda beats: None)
    noted = mmap.mmap(-1, 4096)
    for isolation in ("guarded", "workers"):
        child = _Child(build, isolation, noted)
        code = child.wait(limit, silence)
        if code is not None:
            return code
        if _read(noted).startswith("importing"):
            break  # it would end there again
    what = _read(noted)
    doing = f" while {what}" if what else ""
    raise StaticRoutesError(
        f"{child.ending}{doing}",
        hint="look for os._exit() or native code that crashes: import the file under python -X faulthandler"
        if what
        else "run it again with -v; if it stays so, this is a mistake of staticroutes: please report it",
    )


class _Child:
    """One attempt."""

    def __init__(self, build: Build, isolation: Isolation, noted: mmap.mmap) -> None:
        self._noted = noted
        self._signals: list[int] = []
        self._status: int | None = None
        self.ending = ""
        """How it ended, where it did not report."""
        _write(noted, "")
        _beat(noted, False)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._read_end, write_end = os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._read_end)
            _run_child(build, isolation, noted, write_end, parent)
        os.close(write_end)

    def wait(self, limit: float, silence: float) -> int | None:
        """The exit code it reported; None where it ended without a report."""
        before = {number: signal.signal(number, self._pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            reported = self._listen(limit, silence)
            status = os.waitpid(self._pid, 0)[1] if self._status is None else self._status
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._read_end)
        if self._signals:
            return 128 + self._signals[0]
        code = os.waitstatus_to_exitcode(status)
        if reported and code != 130:
            return code
        if code < 0:
            self.ending = f"the process was ended by {signal.Signals(-code).name}"
        else:
            self.ending = self.ending or f"the process ended with exit code {code}"
        return None

    def _listen(self, limit: float, silence: float) -> bool:
        """Wait for the report or the end; what is noted for too long is ended."""
        noted, since, deadline = "", time.monotonic(), None
        pulse, felt = 0, since
        while True:
            ready = select.select([self._read_end], [], [], 0.1 if self._signals else 1.0)[0]
            if ready:
                return bool(os.read(self._read_end, 1))
            # A process that user code has forked may hold the other end open for ever.
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self._status = status
                return bool(select.select([self._read_end], [], [], 0)[0] and os.read(self._read_end, 1))
            now = time.monotonic()
            if self._signals:
                deadline = deadline or now + _GRACE
                if now > deadline or len(self._signals) > 1:
                    os.kill(self._pid, signal.SIGKILL)
            if self._noted[_PULSE] != pulse or not pulse:
                pulse, felt = self._noted[_PULSE], now
            elif now - felt > silence:
                os.kill(self._pid, signal.SIGKILL)
            what = _read(self._noted)
            if what != noted:
                noted, since = what, now
            elif what and now - since > limit:
                os.kill(self._pid, signal.SIGKILL)
                raise StaticRoutesError(
                    f"{what} took more than {limit:g} seconds and was ended",
                    hint="look for an endless loop or a connection that never answers",
                )

    def _pass_on(self, number: int, frame: Any) -> None:
        self._signals.append(number)
        os.kill(self._pid, signal.SIGTERM)


def _run_child(build: Build, isolation: Isolation, noted: mmap.mmap, report: int, parent: int) -> None:
    """The child's life; does not return."""
    from staticroutes.cli import exit_code
    from staticroutes.prerender.processes import die_with

    code = 70
    try:
        die_with(parent)
        # Ctrl-C reaches both; the guard passes one on, so that a terminal and ``kill`` do the same.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _interrupt)
        code = exit_code(
            lambda: build(isolation, lambda what: _write(noted, what), lambda beats: _beat(noted, beats))
        )
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.write(report, b"!")
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):
            sys.excepthook(type(error), error, error.__traceback__)
        code = 130 if isinstance(error, KeyboardInterrupt) else 70
    finally:
        # Not sys.exit: threads that user code has left behind must not keep the process.
        os._exit(code)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, and not a KeyboardInterrupt that a handler has raised."""


def _interrupt(number: int, frame: Any) -> None:
    raise Interrupted


def gave_up() -> None:
    """End the child at once: a handler in it hangs."""
    os._exit(GAVE_UP)


def _write(noted: mmap.mmap, text: str) -> None:
    data = text.encode("utf-8", "replace")[:4000]
    noted[: len(data) + 1] = data + b"\0"


def _beat(noted: mmap.mmap, beats: bool) -> None:
    noted[_PULSE] = noted[_PULSE] % 255 + 1 if beats else 0


def _read(noted: mmap.mmap) -> str:
    return bytes(noted[:4001]).partition(b"\0")[0].decode("utf-8", "replace")
