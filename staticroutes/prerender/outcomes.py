"""What becomes of a job: Prerendered, Dynamic or Failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from staticroutes.http.responses import Finished


class Job(NamedTuple):
    """One URL to prerender."""

    route: int
    """The route's index in the table."""
    path: str
    """The URL path, percent-encoded, without the base path."""
    decoded: str
    """The same path as text; file names are made of it."""
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is left for request time, as the manifest says it."""

    code: str
    """``request-time``, ``unstable-input``, ``force-dynamic``, ``revalidate-0``, ``no-static-params``,
    ``method``, ``set-cookie`` or ``dynamic-params``."""
    message: str
    at: str | None = None
    """``file:line`` of the project's own code."""
    hint: str | None = None


class Prerendered(NamedTuple):
    """The handler gave a response that can be written."""

    job: Job
    response: Finished
    after: list[Callable[[], Any]] | None = None
    """Callbacks of ``after()``, to be run once the response is written."""


class Dynamic(NamedTuple):
    """The URL is left for request time."""

    job: Job
    reason: Reason


class Failed(NamedTuple):
    """The URL could not be prerendered: an exception, a time-out, a status of 400 or more."""

    path: str
    source: str
    """The route file."""
    params: dict[str, Any]
    message: str
    at: str | None = None
    hint: str | None = None
    traceback: str | None = None
    """The exception's traceback, starting in the project's code."""


class Unsure(NamedTuple):
    """A thread that belongs to no job used an unstable input while this one ran: it is to be done again,
    with no other beside it."""

    job: Job


Outcome = Prerendered | Dynamic | Failed | Unsure
