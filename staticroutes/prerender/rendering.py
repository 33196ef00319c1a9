"""Calls handlers: a Job in, an Outcome out. User code runs here."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from staticroutes.errors import StaticRoutesError
from staticroutes.http.context import NotFoundInterrupt, RedirectInterrupt
from staticroutes.http.requests import Params, Request, RequestData, RouteContext, current_scope
from staticroutes.http.responses import Finished, Finisher, Response
from staticroutes.prerender.outcomes import Dynamic, Failed, Job, Outcome, Prerendered, Reason, Unsure
from staticroutes.prerender.project_code import Owner, ProjectCode
from staticroutes.prerender.tracking import SUSPECTED, WATCH, PrerenderScope
from staticroutes.routing.loading import Route
from staticroutes.routing.segments import Kind


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What every render of a site has in common."""

    code: ProjectCode
    base_url: str | None = None
    base_path: str = ""
    cache_components: bool = True
    timeout: float = 60.0


_new: Any = tuple.__new__
"""Makes a NamedTuple without its Python-level constructor, for what is made once for every output."""
_PLAIN_VALUES = frozenset([dict, list, str, bytes, Response])
"""Types of values that are no awaitable in disguise."""


class _Prepared:
    """A route with all that can be worked out once: per URL only the call remains."""

    __slots__ = (
        "arguments",
        "finishers",
        "get",
        "is_async",
        "is_forced",
        "is_plain",
        "one_finisher",
        "route",
        "timeout",
        "watches",
    )

    def __init__(self, route: Route, settings: RenderSettings) -> None:
        options = route.options
        self.route = route
        self.get = route.handlers["GET"]
        self.arguments = (route.parameters or {}).get("GET", 2)
        self.is_async = _is_async(self.get)
        self.is_forced = options.dynamic == "force-static"
        accepts_age = options.dynamic == "auto" and options.revalidate_written
        self.watches = settings.cache_components and not self.is_forced and not accepts_age
        self.timeout = float(options.max_duration) if options.max_duration else settings.timeout
        self.is_plain: bool | None = None
        """On 3.11: whether its renders may go without the profile function; None before the look."""
        self.finishers: dict[str, Finisher] = {}
        last = route.pattern.segments[-1] if route.pattern.segments else None
        fixed = last is None or last.kind is Kind.STATIC or (last.kind is Kind.AFFIXED and "." in last.suffix)
        self.one_finisher = Finisher(route.pattern.text.rstrip("/]"), settings.base_path) if fixed else None

    def finisher(self, path: str, base_path: str) -> Finisher:
        if self.one_finisher is not None:
            return self.one_finisher
        extension = path[path.rfind("/") + 1 :]
        extension = extension[extension.rfind(".") :] if "." in extension else ""
        found = self.finishers.get(extension)
        if found is None:
            found = Finisher(extension, base_path)
            if len(self.finishers) < 100:
                self.finishers[extension] = found
        return found


class Renderer:
    """Prerenders the jobs of one site: ``render`` for plain handlers, ``arender`` for async ones."""

    def __init__(self, routes: Sequence[Route], settings: RenderSettings) -> None:
        self.settings = settings
        self._prepared = [_Prepared(route, settings) if "GET" in route.handlers else None for route in routes]
        self.async_routes = frozenset(
            number for number, one in enumerate(self._prepared) if one is not None and one.is_async
        )
        """The numbers of the routes whose handlers need an event loop."""
        self._data = RequestData(base_url=settings.base_url)
        self.is_shielded = False
        """True in a process where Ctrl-C raises a subclass of KeyboardInterrupt, or nothing at all: a plain
        one is then the handler's own doing."""
        self._base_path, self._code = settings.base_path, settings.code
        self._plain: Any = None

    def timeout(self, job: Job) -> float:
        """Seconds that the handler of this job may take."""
        return self._of(job).timeout

    def render(self, job: Job) -> Outcome:
        """Call a plain handler. Raises nothing but KeyboardInterrupt."""
        prepared = self._of(job)
        scope = PrerenderScope(self._data, self._base_path, self._code, prepared.is_forced, prepared.watches)
        token = current_scope.set(scope)
        WATCH.in_flight.add(scope)
        profile = prepared.watches and WATCH.profiles and not self._is_plain(prepared)
        if profile:
            sys.setprofile(WATCH.on_profile)
        try:
            value = self._call(prepared, job, scope)
            finisher = prepared.one_finisher or prepared.finisher(job.path, self._base_path)
            finished = finisher.finish(value)
            if type(finished) is not Finished:
                finished = _run_elsewhere(self._finish_async(prepared, job, finished))
        except BaseException as error:
            if profile:
                sys.setprofile(None)
            return self._raised(prepared, job, scope, error)
        finally:
            if profile:
                sys.setprofile(None)
            current_scope.reset(token)
            WATCH.in_flight.discard(scope)
        if (
            scope.access is None
            and scope.outgoing is None
            and finished.status == 200
            and len(finished.headers) == 1
        ):
            prerendered: Prerendered = _new(Prerendered, (job, finished, scope.after))
            return prerendered  # nearly always
        return self._conclude(prepared, job, scope, finished)

    async def arender(self, job: Job) -> Outcome:
        """Call an async handler on the running loop. Raises nothing but cancellation."""
        prepared = self._of(job)
        scope = PrerenderScope(self._data, self._base_path, self._code, prepared.is_forced, prepared.watches)
        token = current_scope.set(scope)
        WATCH.in_flight.add(scope)
        if prepared.watches and WATCH.profiles and sys.getprofile() is None and not self._is_plain(prepared):
            # Left on for the loop's thread: other handlers run between two steps of this one.
            sys.setprofile(WATCH.on_profile)
        try:
            value = self._call(prepared, job, scope)
            if isinstance(value, Awaitable):
                value = await value
            finished = prepared.finisher(job.path, self._base_path).finish(value)
            if type(finished) is not Finished:
                finished = await self._finish_async(prepared, job, finished)
        except BaseException as error:
            return self._raised(prepared, job, scope, error)
        finally:
            current_scope.reset(token)
            WATCH.in_flight.discard(scope)
        return self._conclude(prepared, job, scope, finished)

    def timed_out(self, job: Job) -> Failed:
        """The outcome of a job that was over its time."""
        prepared = self._of(job)
        return self._failed(
            prepared,
            job,
            f"took more than {prepared.timeout:g} seconds and was ended",
            prepared.route.where,
            "make it faster, or allow it more: max_duration in the route file, timeout in the configuration",
        )

    def failed(self, job: Job, error: BaseException) -> Failed:
        """The outcome of a job whose handler raised."""
        return describe_failure(error, job, self._of(job).route, self.settings.code)

    def _of(self, job: Job) -> _Prepared:
        prepared = self._prepared[job.route]
        assert prepared is not None
        return prepared

    def _call(self, prepared: _Prepared, job: Job, scope: PrerenderScope) -> Any:
        arguments = prepared.arguments
        if arguments == 0:
            value = prepared.get()
        elif arguments == 1:
            value = prepared.get(Request("GET", job.path, scope))
        else:
            value = prepared.get(Request("GET", job.path, scope), RouteContext(Params(job.params)))
        if type(value) in _PLAIN_VALUES or prepared.is_async:
            return value
        if hasattr(value, "__await__") and inspect.isawaitable(value):
            # A plain function that gives a coroutine (a decorator's doing): it needs a loop after all.
            return _run_elsewhere(_awaited(value))
        return value

    async def _finish_async(self, prepared: _Prepared, job: Job, response: Finished | Response) -> Finished:
        assert isinstance(response, Response)
        await response.read()
        return prepared.finisher(job.path, self.settings.base_path).settle(response)

    def _is_plain(self, prepared: _Prepared) -> bool:
        if prepared.is_plain is None:
            from staticroutes.prerender.plain import PlainCode

            if self._plain is None:
                self._plain = PlainCode(self.settings.code)
            prepared.is_plain = bool(self._plain.is_plain(prepared.get))
        return prepared.is_plain

    def _conclude(self, prepared: _Prepared, job: Job, scope: PrerenderScope, finished: Finished) -> Outcome:
        if scope.access is not None:
            return self._accessed(prepared, job, scope)
        if finished.status >= 400:
            return self._failed(
                prepared,
                job,
                f"answered with status {finished.status}",
                prepared.route.where,
                "do not list it in generate_static_params"
                if prepared.route.pattern.params
                else "a static output is a success or a redirect; force-dynamic leaves it to request time",
            )
        if scope.outgoing is not None and len(scope.outgoing):
            finished = Finished(finished.status, (*finished.headers, *scope.outgoing.items()), finished.body)
        if len(finished.headers) > 1 and any(name == "set-cookie" for name, _ in finished.headers):
            if prepared.route.options.dynamic != "auto":
                return self._failed(
                    prepared,
                    job,
                    "sets a cookie, and a static output would send it to everybody",
                    prepared.route.where,
                    'set it in a handler that runs at request time: dynamic = "force-dynamic", or a POST',
                )
            hint = "a static output would send the same cookie to everybody"
            return Dynamic(
                job, Reason("set-cookie", "the response sets a cookie", prepared.route.where, hint)
            )
        return Prerendered(job, finished, scope.after)

    def _raised(self, prepared: _Prepared, job: Job, scope: PrerenderScope, error: BaseException) -> Outcome:
        if scope.access is not None:
            return self._accessed(prepared, job, scope)
        if isinstance(error, RedirectInterrupt):
            try:
                response = Response.redirect(error.url, error.status)
                finished = Finisher(job.path, self.settings.base_path).settle(response)
            except StaticRoutesError as wrong:
                return self._failed(prepared, job, wrong.message, prepared.route.where, wrong.hint)
            return self._conclude(prepared, job, scope, finished)
        if isinstance(error, NotFoundInterrupt):
            return self._failed(
                prepared,
                job,
                "called not_found(), status 404",
                self.settings.code.place_of(error.__traceback__),
                "do not list it in generate_static_params"
                if prepared.route.pattern.params
                else "a static output is a success or a redirect",
            )
        if type(error).__name__ == "CancelledError" or self._is_ctrl_c(error):
            raise error
        return describe_failure(error, job, prepared.route, self.settings.code)

    def _is_ctrl_c(self, error: BaseException) -> bool:
        """Whether it comes from the keyboard and not from the handler."""
        if not isinstance(error, KeyboardInterrupt):
            return False
        return type(error) is not KeyboardInterrupt or not self.is_shielded

    def _accessed(self, prepared: _Prepared, job: Job, scope: PrerenderScope) -> Outcome:
        assert scope.access is not None
        if scope.access is SUSPECTED:
            return Unsure(job)
        reason = scope.access.reason(prepared.route.where)
        if prepared.route.options.dynamic == "error":
            return self._failed(
                prepared,
                job,
                f'{reason.message}, and dynamic = "error" forbids it',
                reason.at,
                'dynamic = "auto" leaves the route to request time, "force-static" builds it anyway',
            )
        return Dynamic(job, reason)

    def _failed(
        self, prepared: _Prepared, job: Job, message: str, at: str | None, hint: str | None
    ) -> Failed:
        return Failed(job.path, prepared.route.source, job.params, message, at, hint)


def run_after(callbacks: list[Any], job: Job, renderer: Renderer) -> Failed | None:
    """Run the callbacks of ``after()`` in order; the Failed outcome of the first that raises, or None."""
    for callback in callbacks:
        try:
            given = callback()
            if inspect.isawaitable(given):
                _run_elsewhere(_awaited(given))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failed = renderer.failed(job, error)
            return failed._replace(message=f"a callback of after() raised {failed.message}")
    return None


def describe_failure(error: BaseException, job: Job, route: Route, code: ProjectCode) -> Failed:
    """The Failed outcome of an exception: its message, its place, its traceback from the user's code on."""
    at = code.place_of(error.__traceback__) or route.where
    if isinstance(error, StaticRoutesError):
        return Failed(job.path, route.source, job.params, error.message, at, error.hint)
    if isinstance(error, SystemExit):
        message, hint = (
            f"called sys.exit({error.code!r})",
            "a handler returns a response, it does not end the program",
        )
        return Failed(job.path, route.source, job.params, message, at, hint)
    try:
        text = str(error)
    except Exception:
        text = "(its text cannot be shown)"
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Failed(job.path, route.source, job.params, message, at, None, _traceback(error, code))


def _traceback(error: BaseException, code: ProjectCode) -> str:
    """The traceback as text, without our own frames: it starts in the user's code."""
    import traceback  # 2 ms, and most builds fail nowhere

    shown = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    todo: list[Any] = [shown]
    while todo:
        part = todo.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if code.owner(frame.filename) not in (Owner.RUNNER, Owner.API)]
        )
        todo += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or [])]
    return "".join(shown.format()).rstrip()


def _is_async(handler: Any) -> bool:
    # Not unwrapped: a plain decorator may run the coroutine itself. The second for an object whose class
    # says ``async def __call__``.
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)


async def _awaited(value: Any) -> Any:
    return await value


def _run_elsewhere(coroutine: Any) -> Any:
    """Run a coroutine on a loop in a thread of its own, in this context; the rare way, see arender."""
    import asyncio
    import contextvars
    import threading

    result: list[Any] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            result.append((asyncio.run(coroutine), None))
        except BaseException as error:
            result.append((None, error))

    thread = threading.Thread(target=lambda: context.run(run), daemon=True)
    thread.start()
    thread.join()
    value, error = result[0]
    if error is not None:
        raise error
    return value
