"""The route table to jobs: which routes are left for request time from the start, and which URLs
the others have. ``generate_static_params`` is called here, and streamed: nothing holds all of it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from staticroutes.errors import ParamsError
from staticroutes.http.urls import decode_segment
from staticroutes.prerender.outcomes import Failed, Job, Reason
from staticroutes.prerender.project_code import ProjectCode
from staticroutes.prerender.rendering import describe_failure
from staticroutes.routing.loading import Route
from staticroutes.routing.table import RouteTable


class Warned(NamedTuple):
    """Something that is worth a look and does not keep the site from being built."""

    message: str
    at: str | None = None
    hint: str | None = None


class Left(NamedTuple):
    """A route that is left for request time without its handler being called."""

    route: int
    reason: Reason


Planned = Job | Left | Failed | Warned


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans the routes of a table, one after another."""

    table: RouteTable[Route]
    code: ProjectCode
    note: Callable[[str], None] = lambda what: None
    """Told before ``generate_static_params`` is called, and ``""`` once its first item is there."""

    def plan(self) -> Iterator[Planned]:
        """Every job, and what there is to say on the way.

        Routes with listed params come first: what ``generate_static_params`` loads (a database, a
        thousand files) is then in memory when workers are forked, and theirs for nothing.
        """
        numbered = list(enumerate(self.table.routes))
        numbered.sort(key=lambda entry: entry[1].generate_static_params is None)
        for number, route in numbered:
            yield from self.plan_route(number, route)

    def plan_route(self, number: int, route: Route) -> Iterator[Planned]:
        """The part of the plan for one route, ``number`` in the table."""
        reason = left_for_request_time(route)
        if reason is not None:
            yield Left(number, reason)
        elif not route.pattern.params:
            path, decoded = route.pattern.fill({})
            yield Job(number, path, decoded, {})
        else:
            yield from self._listed(number, route)

    def _listed(self, number: int, route: Route) -> Iterator[Planned]:
        """The jobs of a route with dynamic segments."""
        pattern = route.pattern
        at = self._place(route)
        contested = self.table.is_contested(route)
        seen: set[str] = set()
        given = repeated = 0
        self.note(f"listing the params of {route.source}")
        try:
            for item in static_params(route):
                given += 1
                if given == 1:
                    self.note("")
                try:
                    path, decoded, params = pattern.place(item)
                except ParamsError as error:
                    yield Failed(pattern.text, route.source, {}, error.message, at, error.hint)
                    continue
                if path in seen:
                    repeated += 1
                    if repeated <= 3:
                        yield Warned(f"generate_static_params gave {params!r} twice; it is rendered once", at)
                    continue
                seen.add(path)
                if contested:
                    answering = self.table.match(
                        [decode_segment(part) for part in path[1:].split("/")] if path != "/" else []
                    )
                    if answering is not None and answering[0] is not route:
                        yield Warned(
                            f"{path}, listed by {route.source}, is answered by {answering[0].source} and is not rendered",
                            at,
                            "do not list it",
                        )
                        continue
                yield Job(number, path, decoded, params)
        except Exception as error:
            failed = describe_failure(error, Job(number, pattern.text, pattern.text, {}), route, self.code)
            message = (
                failed.message
                if isinstance(error, ParamsError)
                else f"generate_static_params raised {failed.message}"
            )
            yield failed._replace(message=message)
            return
        finally:
            self.note("")
        if repeated > 3:
            yield Warned(f"generate_static_params gave {repeated - 3} more values twice", at)
        if not given:
            yield Warned(
                f"generate_static_params of {route.source} gave nothing, so {pattern.text} has no outputs",
                at,
                "budgets: {min_outputs: 1} under the route's pattern makes that a failure",
            )

    def _place(self, route: Route) -> str:
        code = getattr(inspect.unwrap(route.generate_static_params or (lambda: None)), "__code__", None)
        return (code and self.code.shown(code.co_filename, code.co_firstlineno)) or route.source


def left_for_request_time(route: Route) -> Reason | None:
    """Why a route is not prerendered at all, decided without calling it; the table of CONTRACT section 6."""
    if "GET" not in route.handlers:
        return Reason("method", f"answers {', '.join(sorted(route.handlers))} and no GET", route.where)
    if route.options.dynamic == "force-dynamic":
        return Reason("force-dynamic", 'says dynamic = "force-dynamic"', route.source)
    if route.options.is_never_static:
        return Reason("revalidate-0", "says revalidate = 0, which is never static", route.source)
    if route.pattern.params and route.generate_static_params is None:
        return Reason(
            "no-static-params",
            f"{route.pattern.text} has a dynamic segment, and nothing lists its values",
            route.where,
            "def generate_static_params(): return [{"
            + ", ".join(f'"{segment.name}": …' for segment in route.pattern.params)
            + "}, …] lists those to build",
        )
    return None


def static_params(route: Route) -> Iterator[Any]:
    """The items of ``generate_static_params``, one at a time; sync or async, any iterable or generator."""
    listing = route.generate_static_params
    assert listing is not None
    # Next.js passes the params of the segments above; a function ported from there may take them.
    takes = [
        p
        for p in inspect.signature(listing).parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    given = listing({"params": {}}) if takes else listing()
    if inspect.isawaitable(given):
        given = _Loop().run(given)
    if hasattr(given, "__aiter__"):
        yield from _from_async(given.__aiter__())
        return
    if isinstance(given, (str, bytes, dict)) or not isinstance(given, Iterable):
        raise ParamsError(
            f"generate_static_params gave {type(given).__name__}, and a list of mappings is wanted",
            hint="return [{…}, {…}], or yield them",
        )
    yield from given


def _from_async(items: AsyncIterator[Any]) -> Iterator[Any]:
    loop = _Loop()

    async def some() -> tuple[list[Any], bool]:
        taken = []
        async for item in items:
            taken.append(item)
            if len(taken) >= 256:
                return taken, True
        return taken, False

    more = True
    while more:
        taken, more = loop.run(some())
        yield from taken


class _Loop:
    """A loop in a thread of its own, for code that may itself run below a loop."""

    def __init__(self) -> None:
        import asyncio

        self._asyncio = asyncio
        self._loop = asyncio.new_event_loop()

    def run(self, awaitable: Any) -> Any:
        import threading

        async def waited() -> Any:
            return await awaitable

        result: list[Any] = []

        def target() -> None:
            self._asyncio.set_event_loop(self._loop)
            try:
                result.append((self._loop.run_until_complete(waited()), None))
            except BaseException as error:
                result.append((None, error))

        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
        value, error = result[0]
        if error is not None:
            raise error
        return value

    def __del__(self) -> None:
        self._loop.close()
