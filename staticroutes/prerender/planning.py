"""The route table to jobs: which routes are left for request time from the start, and which URLs
the others have. ``generate_static_params`` is called here, and streamed: nothing holds all of it."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from staticroutes.errors import ParamsError, StaticRoutesError
from staticroutes.prerender.listing import LIMIT, static_params, too_slow
from staticroutes.prerender.outcomes import Failed, Job, Reason
from staticroutes.prerender.project_code import ProjectCode
from staticroutes.prerender.rendering import describe_failure
from staticroutes.routing.imports import ends_program
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

_MOST_FAILURES = 1000
"""Bad items of one route that are shown one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans the routes of a table, one after another."""

    table: RouteTable[Route]
    code: ProjectCode
    note: Callable[[str], None] = lambda what: None
    """Told before ``generate_static_params`` is called, and ``""`` once its first item is there."""
    limit: float = LIMIT
    """Seconds that one ``generate_static_params`` may take, without the rendering in between."""
    _closed: dict[int, set[str]] = field(default_factory=dict, init=False)
    """The listed URLs of routes whose ``dynamic_params`` is False: those they leave to a sibling."""

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
            if route.generate_static_params is not None:
                yield Warned(
                    f"{route.pattern.text} has no dynamic segment, so generate_static_params is not called",
                    self._place(route),
                    "remove it, or name a folder [slug]",
                )
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
        if not route.options.dynamic_params:
            self._closed[number] = seen
        given = repeated = wrong = 0
        # The generator waits while its items are rendered: only the time in here counts.
        spent, resumed = 0.0, time.monotonic()
        self.note(f"listing the params of {route.source}")
        try:
            for item in static_params(route, self.limit):
                given += 1
                if given == 1:
                    self.note("")
                if spent + time.monotonic() - resumed > self.limit:
                    raise too_slow(self.limit)
                try:
                    path, decoded, params = pattern.place(item)
                except ParamsError as error:
                    wrong += 1
                    if wrong <= _MOST_FAILURES:
                        yield Failed(pattern.text, route.source, {}, error.message, at, error.hint)
                    continue
                if path in seen:
                    repeated += 1
                    if repeated <= 3:
                        yield Warned(f"generate_static_params gave {params!r} twice; it is rendered once", at)
                    continue
                seen.add(path)
                if contested:
                    answering = self._answering(path, decoded)
                    if answering is not route:
                        yield Warned(
                            f"{path}, listed by {route.source}, is answered by {answering.source}"
                            " and is not rendered",
                            at,
                            "do not list it",
                        )
                        continue
                spent += time.monotonic() - resumed
                yield Job(number, path, decoded, params)
                resumed = time.monotonic()
        except BaseException as error:
            if ends_program(error):
                raise
            yield self._failed(error, number, route)
            return
        finally:
            self.note("")
        if wrong > _MOST_FAILURES:
            message = f"generate_static_params gave {wrong - _MOST_FAILURES} more items that are wrong"
            yield Failed(pattern.text, route.source, {}, message, at)
        if repeated > 3:
            yield Warned(f"generate_static_params gave {repeated - 3} more values twice", at)
        if not given:
            yield Warned(
                f"generate_static_params of {route.source} gave nothing, so {pattern.text} has no outputs",
                at,
                "budgets: {min_outputs: 1} under the route's pattern makes that a failure",
            )

    def _answering(self, path: str, decoded: str) -> Route:
        """The route that answers a listed URL: the most specific that does not leave it to another one."""
        for route, _ in self.table.matches(decoded[1:].split("/") if path != "/" else []):
            listed = None
            if not route.options.dynamic_params:
                # What it does not list is no URL of its own. It is more specific, so planned already.
                unknown = None if route.generate_static_params else set[str]()
                listed = self._closed.get(self._number(route), unknown)
            if listed is None or path in listed:
                return route
        raise AssertionError("the route that lists a URL matches it")

    def _number(self, route: Route) -> int:
        return next(number for number, other in enumerate(self.table.routes) if other is route)

    def _failed(self, error: BaseException, number: int, route: Route) -> Failed:
        """The outcome of a ``generate_static_params`` that raised, or that gave no list."""
        text = route.pattern.text
        failed = describe_failure(error, Job(number, text, text, {}), route, self.code)
        at = self.code.place_of(error.__traceback__) or self._place(route)
        if isinstance(error, ParamsError):
            return failed._replace(at=at)
        if isinstance(error, SystemExit):
            message = f"generate_static_params called sys.exit({error.code!r})"
            return failed._replace(message=message, at=at, hint="let it return, or raise what is wrong")
        said = "failed:" if isinstance(error, StaticRoutesError) else "raised"
        # Called wrongly, it has not run: then there is no line to show.
        shown = failed.traceback if '  File "' in (failed.traceback or "") else None
        return failed._replace(
            message=f"generate_static_params {said} {failed.message}", at=at, traceback=shown
        )

    def _place(self, route: Route) -> str:
        code = getattr(inspect.unwrap(route.generate_static_params or (lambda: None)), "__code__", None)
        return (code and self.code.shown(code.co_filename, code.co_firstlineno)) or route.source


def left_for_request_time(route: Route) -> Reason | None:
    """Why a route is not prerendered at all, decided without calling it; the table of CONTRACT section 6."""
    if "GET" not in route.handlers:
        return Reason("method", f"answers {', '.join(sorted(route.handlers))} and no GET", route.where)
    if route.options.dynamic == "force-dynamic":
        return Reason("force-dynamic", 'says dynamic = "force-dynamic"', route.never_static_at)
    if route.options.is_never_static:
        return Reason("revalidate-0", "says revalidate = 0, which is never static", route.never_static_at)
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
