"""Calls ``generate_static_params``: whatever it is and gives, to items one at a time."""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from staticroutes.errors import ParamsError
from staticroutes.routing.loading import Route

LIMIT: Final = 300.0
"""Seconds that one ``generate_static_params`` may take: five times what a handler may."""


def static_params(route: Route, limit: float = LIMIT) -> Iterator[Any]:
    """The items of ``generate_static_params``, one at a time; sync or async, any iterable or generator.

    What is awaited may take ``limit`` seconds.
    """
    listing = route.generate_static_params
    assert listing is not None
    given = listing({"params": {}}) if _takes_params(listing) else listing()
    if inspect.isawaitable(given):
        with _Loop(limit) as loop:
            given = loop.run(_awaited(given))
    if hasattr(given, "__aiter__"):
        yield from _from_async(given.__aiter__(), limit)
        return
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise ParamsError(
            f"generate_static_params gave {type(given).__name__}, and a list of mappings is wanted",
            hint="return [{…}, {…}], or yield them",
        )
    yield from given


def _takes_params(listing: Callable[..., Any]) -> bool:
    """Next.js passes the params of the segments above; a function ported from there may take them."""
    try:
        parameters = inspect.signature(listing).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)


def _from_async(items: AsyncIterator[Any], limit: float) -> Iterator[Any]:
    """The items of an async iterator, taken some at a time: a thread for each alone would cost more."""
    import asyncio

    async def some() -> tuple[list[Any], BaseException | None]:
        taken: list[Any] = []
        until = time.monotonic() + 0.05
        try:
            async for item in items:
                taken.append(item)
                if len(taken) >= 256 or time.monotonic() > until:
                    return taken, None
        except asyncio.CancelledError:
            raise  # the limit
        except BaseException as error:
            return taken, error  # those before it are good
        return taken, StopAsyncIteration()

    with _Loop(limit) as loop:
        try:
            ended: BaseException | None = None
            while ended is None:
                taken, ended = loop.run(some())
                yield from taken
            if not isinstance(ended, StopAsyncIteration):
                raise ended
        finally:
            aclose = getattr(items, "aclose", None)
            if aclose is not None:
                loop.run(aclose())


async def _awaited(value: Any) -> Any:
    return await value


def too_slow(limit: float) -> ParamsError:
    """The error for a listing that goes on and on."""
    return ParamsError(
        f"generate_static_params took more than {limit:g} seconds and was ended",
        hint="make it faster, or give it an end; timeout in the configuration allows it more",
    )


class _Loop:
    """An event loop, run in a thread of its own: the code around may itself run below a loop."""

    def __init__(self, limit: float) -> None:
        import asyncio

        self._asyncio = asyncio
        self._limit = limit
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> _Loop:
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.close()

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine. No thread is left behind: processes may be forked afterwards."""
        import threading
        from concurrent.futures import ThreadPoolExecutor

        result: list[Any] = []

        def target() -> None:
            self._asyncio.set_event_loop(self._loop)
            with ThreadPoolExecutor(thread_name_prefix="staticroutes") as threads:
                self._loop.set_default_executor(threads)
                try:
                    result.append((self._loop.run_until_complete(self._within_limit(coroutine)), None))
                except BaseException as error:
                    result.append((None, error))

        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
        value, error = result[0]
        if error is not None:
            raise error
        return value

    async def _within_limit(self, coroutine: Any) -> Any:
        try:
            async with self._asyncio.timeout(self._limit) as deadline:
                return await coroutine
        except TimeoutError:
            if deadline.expired():
                raise too_slow(self._limit) from None
            raise
