"""Request-time access and unstable inputs: recorded first, then the handler is interrupted.

Rules:

- The access is noted on the job's scope before PrerenderInterrupted is raised. A bare ``except:``
  may swallow the exception; it cannot take back the note.
- The scope is a context variable, so that helpers at any depth, tasks and ``asyncio.to_thread``
  find theirs. A thread started otherwise has none. Where one job is in flight, what that thread
  does counts for it; where several are, all of them are suspected, and each is done again alone.
- Clock and randomness are C functions that anybody may have imported by name before. On 3.12 and
  later ``sys.monitoring`` shows every call; a call site that cannot reach one of them is switched
  off after its first call, so a static route pays next to nothing. On 3.11 a profile function sees
  them, at a price for every call; it is set only for routes whose code could reach an unstable
  input at all (``prerender.plain``).
- The network announces itself by audit events, whichever Python client is at work.

Next.js does the same in ``dynamic-rendering.ts``: note, then stop.
"""

from __future__ import annotations

import _random
import functools
import os
import sys
import threading
import time
from datetime import date
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
)
from typing import Any, Final, NamedTuple

from staticroutes.http.requests import RequestData, RequestScope, current_scope
from staticroutes.prerender.outcomes import Reason
from staticroutes.prerender.project_code import OWN_PACKAGE, ProjectCode

CLOCK, RANDOMNESS, NETWORK = "read the clock", "used randomness", "used the network"


class PrerenderInterrupted(BaseException):
    """Ends a handler whose access has been recorded. A BaseException: ``except Exception`` lets it pass."""


class Access(NamedTuple):
    """A request-time access, or the use of an unstable input."""

    name: str
    """What was read, as the author wrote it: ``request.headers``, ``datetime.now()``."""
    what: str | None
    """CLOCK, RANDOMNESS or NETWORK; None for a request-time access."""
    at: str | None
    through: str | None = None

    def reason(self, where: str | None) -> Reason:
        """The reason that the manifest gives; ``where`` stands in for an unknown place."""
        if self.what is None:
            return Reason(
                "request-time",
                f"read {self.name}" if not self.name.startswith("connection") else "called connection()",
                self.at or where,
                'it is known only when a request comes; dynamic = "force-static" builds it with empty values',
            )
        through = f" (through {self.through})" if self.through and self.through not in self.name else ""
        return Reason(
            "unstable-input",
            f"{self.what}: {self.name}{through}",
            self.at or where,
            'to freeze what it gives: dynamic = "force-static", or revalidate = 3600;'
            " to keep it live, say so: connection()",
        )


SUSPECTED = Access("", None, None)
"""Noted on every job in flight when a thread that belongs to none of them has used an unstable input."""


class PrerenderScope(RequestScope):
    """The scope of a job: request-time values are recorded, or empty under ``force-static``."""

    __slots__ = ("access", "code", "is_forced", "watches")

    access: Access | None

    def __init__(
        self, data: RequestData, base_path: str, code: ProjectCode, is_forced: bool, watches: bool
    ) -> None:
        # Slots are set here and not through super().__init__: this runs once for every output.
        self._data = data
        self.base_path = base_path
        self.after = None
        self.outgoing = None
        self.access = None
        self.code = code
        self.is_forced = is_forced
        self.watches = watches
        """Whether unstable inputs are recorded."""

    def read(self, name: str) -> RequestData:
        """Empty values under ``force-static``; otherwise the access is recorded and ends the handler."""
        if self.is_forced:
            return self._data
        if self.access is None or self.access is SUSPECTED:
            self.access = Access(name, None, self.code.locate(sys._getframe(1)).at)
        raise PrerenderInterrupted(name)

    def draft(self) -> bool:
        """A build is never in draft mode."""
        return False

    def unstable(self, what: str, name: str, frame: FrameType | None, *, is_handed_on: bool = False) -> None:
        """Record an unstable input and end the handler, unless a housekeeping module reads for itself
        (and not what it was handed: ``asyncio.to_thread(time.time)``)."""
        if not self.watches:
            return
        place = self.code.locate(frame)
        if not is_handed_on and (place.is_logging or (place.is_housekeeping and what != NETWORK)):
            return
        if self.access is None or self.access is SUSPECTED:
            self.access = Access(name, what, place.at, place.through)
        raise PrerenderInterrupted(name)


class _Input(NamedTuple):
    what: str
    name: str
    stable_from: int | None = None
    """With that many arguments it no longer reads the clock: ``time.localtime(0)``."""
    is_handed_on: bool = False
    """Not called itself but given to what will call it, in C and unseen: ``map(time.time, …)``."""


def _inputs() -> dict[Any, _Input]:
    table: dict[Any, _Input] = {}
    for name in ("time", "time_ns", "clock_gettime", "clock_gettime_ns"):
        if hasattr(time, name):
            table[getattr(time, name)] = _Input(CLOCK, f"time.{name}()")
    for name, arguments in (("localtime", 1), ("gmtime", 1), ("ctime", 1), ("asctime", 1), ("strftime", 2)):
        table[getattr(time, name)] = _Input(CLOCK, f"time.{name}()", arguments)
    table[os.urandom] = _Input(RANDOMNESS, "os.urandom()")
    if hasattr(os, "getrandom"):
        table[os.getrandom] = _Input(RANDOMNESS, "os.getrandom()")
    for module, name in (("_uuid", "generate_time_safe"), ("_uuid", "UuidCreate")):
        function = getattr(sys.modules.get(module), name, None)
        if function is not None:
            table[function] = _Input(RANDOMNESS, "uuid.uuid1()")
    return table


_INPUTS: Final = _inputs()
_RANDOM_NAMES: Final = frozenset(["random", "getrandbits", "seed"])
_DATE_NAMES: Final = frozenset(["now", "today", "utcnow"])
_SUSPECT_NAMES: Final = _RANDOM_NAMES | _DATE_NAMES


# random.random() and its sisters are methods of this hidden instance; a Random of one's own, with a
# seed, is stable.
def _shared_random() -> Any:
    """That instance, once somebody has imported ``random``; we do not: it costs a twentieth of a start."""
    return getattr(sys.modules.get("random"), "_inst", None)


_MISSING: Any = object()
if sys.version_info >= (3, 12):
    _MISSING = sys.monitoring.MISSING


def _input_of(function: Any, argument: Any) -> _Input | None:
    """The unstable input that calling ``function`` reads, if any. ``argument`` is the first argument."""
    kind = type(function)
    if kind is BuiltinFunctionType:
        found = _INPUTS.get(function)
        if found is not None:
            return found
        name = function.__name__
        if name in _SUSPECT_NAMES:
            owner = function.__self__
            if name in _DATE_NAMES:
                if isinstance(owner, type) and issubclass(owner, date):
                    return _Input(CLOCK, f"{owner.__name__}.{name}()")
            elif isinstance(owner, _random.Random) and owner is _shared_random() and name != "seed":
                return _Input(RANDOMNESS, f"random.{name}()")
        return _handed_on(argument)
    if kind is MethodDescriptorType:
        if (
            function.__name__ in _RANDOM_NAMES
            and argument is _shared_random()
            and function.__name__ != "seed"
        ):
            return _Input(RANDOMNESS, f"random.{function.__name__}()")
        return None
    if kind is functools.partial:
        return _handed_on(function) or _input_of(function.func, argument)
    if kind is type:
        if issubclass(function, _random.Random) and (argument is _MISSING or argument is None):
            return _Input(RANDOMNESS, f"{function.__name__}() without a seed")
        return _handed_on(argument)  # map(time.time, …), defaultdict(time.time)
    return None


def _handed_on(argument: Any) -> _Input | None:
    """The unstable input that is given to C code to be called there, alone or in a ``partial``."""
    if type(argument) is functools.partial:
        inner = (_handed_on(part) for part in (argument.func, *argument.args[:1]))
        return next((found for found in inner if found is not None), None)
    found = _input_of(argument, _MISSING) if type(argument) is BuiltinFunctionType else None
    return found._replace(is_handed_on=True) if found is not None else None


def _seeds_from_system(function: Any, frame: FrameType) -> bool:
    """Whether a call of ``seed`` is the one of ``random.Random()``, as a profile function sees it."""
    return (
        function.__name__ == "seed"
        and isinstance(function.__self__, _random.Random)
        and function.__self__ is not _shared_random()
        and frame.f_locals.get("a", 0) is None
    )


def _argument_count(code: CodeType, offset: int) -> int | None:
    """How many arguments the call at ``offset`` passes; None where they are passed as ``*args``."""
    import dis

    name = dis.opname[code.co_code[offset]]
    return code.co_code[offset + 1] if name in ("CALL", "PRECALL", "CALL_KW", "CALL_FUNCTION") else None


def _report(
    found: _Input, code: CodeType, offset: int, frame: FrameType | None, scope: PrerenderScope
) -> None:
    if found.stable_from is not None and not found.is_handed_on:
        count = _argument_count(code, offset)
        if count is not None and count >= found.stable_from:
            return
    scope.unstable(found.what, found.name, frame, is_handed_on=found.is_handed_on)


class Watch:
    """The interpreter's hooks, on while a site is built. One for the process: the hooks are the
    interpreter's, whatever number of sites it builds."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()
        self._audits = False
        self._tool: int | None = None
        self.in_flight: set[PrerenderScope] = set()
        """The jobs whose handlers run now."""

    def start(self) -> None:
        """Switch the hooks on; every ``start`` needs a ``stop``."""
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            if not self._audits:
                # An audit hook stays for the life of the process; it costs nothing while off.
                sys.addaudithook(self._on_audit)
                self._audits = True
            if sys.version_info >= (3, 12):
                self._start_monitoring()
            else:
                threading.setprofile(self.on_profile)

    def stop(self) -> None:
        """Switch the hooks off once nobody uses them."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            if sys.version_info >= (3, 12):
                if self._tool is not None:
                    sys.monitoring.set_events(self._tool, 0)
                    sys.monitoring.register_callback(self._tool, sys.monitoring.events.CALL, None)
                    sys.monitoring.free_tool_id(self._tool)
                    self._tool = None
            else:
                threading.setprofile(None)

    @property
    def profiles(self) -> bool:
        """True where calls are seen by a profile function that must be set around handlers (3.11)."""
        return self._users > 0 and self._tool is None

    def scope(self) -> PrerenderScope | None:
        """The job in whose course the caller runs."""
        scope = current_scope.get() or self._adopting()
        return scope if type(scope) is PrerenderScope else None

    def _adopting(self) -> PrerenderScope | None:
        """The job that a thread without a context must work for; None where that cannot be told."""
        thread = threading.current_thread()
        if thread is threading.main_thread() or thread.name.startswith("staticroutes-"):
            return None
        flying = list(self.in_flight)
        if len(flying) == 1:
            return flying[0]
        for scope in flying:
            if scope.watches and scope.access is None:
                scope.access = SUSPECTED
        return None

    if sys.version_info >= (3, 12):

        def _start_monitoring(self) -> None:
            # 0, 1, 2 and 5 belong to debuggers, coverage, profilers and optimizers.
            for tool in (4, 3):
                if sys.monitoring.get_tool(tool) is None:
                    sys.monitoring.use_tool_id(tool, "staticroutes")
                    sys.monitoring.register_callback(tool, sys.monitoring.events.CALL, self._on_call)
                    sys.monitoring.set_events(tool, sys.monitoring.events.CALL)
                    # Call sites that an earlier build switched off must be looked at again.
                    sys.monitoring.restart_events()
                    self._tool = tool
                    return
            threading.setprofile(self.on_profile)

        def _on_call(self, code: CodeType, offset: int, function: Any, argument: Any) -> Any:
            kind = type(function)
            if kind is not FunctionType and kind is not MethodType:
                found = _input_of(function, argument)
                if found is not None:
                    scope = self.scope()
                    if scope is not None:
                        _report(found, code, offset, sys._getframe(1), scope)
                    return None
            # A call site whose callee goes by its own name calls the same thing next time; one that
            # calls a variable (``fn()``) may call a clock then, and stays watched. So do the names
            # that an object of another kind could answer unstably (``self.random()``), and what
            # hands a function on to C (``map(fn, …)``).
            name = getattr(function, "__name__", None)
            if code.co_filename.startswith(OWN_PACKAGE):
                # Of our own call sites only the one that calls handlers may call a clock.
                calls_handler = code.co_name == "_call" and name not in code.co_names
                return None if calls_handler else sys.monitoring.DISABLE
            if name in _NEVER_UNSTABLE:
                return sys.monitoring.DISABLE
            if name not in code.co_names or name in _SUSPECT_NAMES or name in _WATCHED_NAMES:
                return None
            if kind is FunctionType or kind is MethodType:
                return sys.monitoring.DISABLE
            if type(argument) in _CALLABLES or (kind is type and issubclass(function, _random.Random)):
                return None
            return sys.monitoring.DISABLE

    def on_profile(self, frame: FrameType, event: str, function: Any) -> None:
        """The profile function of 3.11."""
        if event == "c_call":
            if function.__name__ not in _PROFILED_NAMES:
                return  # nearly always
            found = _input_of(function, _MISSING)
            if found is not None:
                scope = self.scope()
                if scope is not None:
                    _report(found, frame.f_code, frame.f_lasti, frame, scope)
            elif _seeds_from_system(function, frame):
                scope = self.scope()
                if scope is not None:
                    scope.unstable(RANDOMNESS, "Random() without a seed", frame)
        elif event == "call" and frame.f_code.co_name == "to_thread":
            # asyncio.to_thread(time.time): the call itself is made in C, in the other thread.
            found = _input_of(frame.f_locals.get("func"), _MISSING)
            if found is not None:
                scope = self.scope()
                if scope is not None:
                    scope.unstable(found.what, found.name, frame.f_back, is_handed_on=True)

    def _on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NETWORK_EVENTS and self._users:
            scope = self.scope()
            if scope is not None:
                scope.unstable(NETWORK, _network_name(event, arguments), sys._getframe(1))


_WATCHED_NAMES: Final = frozenset(function.__name__ for function in _INPUTS)
_CALLABLES: Final = frozenset([BuiltinFunctionType, FunctionType, MethodType, functools.partial])
# Called by ``with`` and by every NamedTuple, under names that stand in no code.
_NEVER_UNSTABLE: Final = frozenset(["__enter__", "__exit__", "__aenter__", "__aexit__", "__new__"])
_PROFILED_NAMES: Final = _WATCHED_NAMES | _SUSPECT_NAMES
_NETWORK_EVENTS: Final = frozenset(
    [
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
        "socket.sendto",
    ]
)


def _network_name(event: str, arguments: tuple[Any, ...]) -> str:
    # The address is not shown: it may hold what is not fit to publish, and differs by machine.
    return {
        "socket.connect": "a socket connection",
        "socket.sendto": "a datagram",
    }.get(event, "a name look-up")


WATCH: Final = Watch()
"""The process's one watch: the hooks are the interpreter's own."""
