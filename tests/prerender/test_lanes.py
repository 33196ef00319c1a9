"""Many jobs in one process: each delivered once, waiting ones at the same time, hanging ones given up."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from staticroutes.prerender.lanes import Item, Lanes
from staticroutes.prerender.outcomes import Failed, Job


class FakeRenderer:
    """A renderer whose handlers are functions of the job's number; ``async_routes`` are route 1."""

    async_routes = frozenset([1])

    def __init__(self, handler: Callable[[int], Any] = lambda number: number, limit: float = 60.0) -> None:
        self.handler = handler
        self.limit = limit

    def render(self, job: Job) -> Any:
        return self.handler(job.params["number"])

    async def arender(self, job: Job) -> Any:
        return await self.handler(job.params["number"])

    def timeout(self, job: Job) -> float:
        return self.limit

    def timed_out(self, job: Job) -> Failed:
        return Failed(job.path, "", {}, "timed out")

    def failed(self, job: Job, error: BaseException) -> Failed:
        return Failed(job.path, "", {}, repr(error))


def items(count: int, route: int = 0) -> Iterator[Item]:
    for number in range(count):
        yield Item(number, Job(route, f"/{number}", f"/{number}", {"number": number}))


def run(renderer: FakeRenderer, todo: Iterator[Item], **options: Any) -> dict[int, Any]:
    delivered: list[tuple[int, Any]] = []
    lanes = Lanes(renderer, lambda item, outcome: delivered.append((item.number, outcome)), **options)  # type: ignore[arg-type]
    lanes.run(todo)
    lanes.close()
    assert len(delivered) == len(dict(delivered)), "delivered twice"
    return dict(delivered)


@pytest.mark.parametrize("route", [0, 1], ids=["plain", "async"])
def test_every_item_is_delivered_once(route: int) -> None:
    async def handler(number: int) -> int:
        await asyncio.sleep(0)
        return number * 2

    outcomes = run(FakeRenderer(handler if route else lambda number: number * 2), items(5000, route))
    assert outcomes == {number: number * 2 for number in range(5000)}


def test_plain_and_async_jobs_mix() -> None:
    class Mixed(FakeRenderer):
        async def arender(self, job: Job) -> Any:
            return "async"

        def render(self, job: Job) -> Any:
            return "plain"

    def mixed() -> Iterator[Item]:
        for item in items(200):
            yield item._replace(job=item.job._replace(route=item.number % 2))

    outcomes = run(Mixed(), mixed())
    assert outcomes == {number: "async" if number % 2 else "plain" for number in range(200)}


class Crowd:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.threads: set[int] = set()
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.threads.add(threading.get_ident())

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1


def test_handlers_that_wait_do_so_at_the_same_time_within_the_concurrency() -> None:
    crowd = Crowd()

    def handler(number: int) -> int:
        with crowd:
            time.sleep(0.05)
        return number

    outcomes = run(FakeRenderer(handler), items(120), concurrency=16)
    assert len(outcomes) == 120
    assert 4 <= crowd.most <= 16


def test_async_handlers_run_at_the_same_time_within_the_concurrency() -> None:
    crowd = Crowd()

    async def handler(number: int) -> int:
        with crowd:
            await asyncio.sleep(0.02)
        return number

    outcomes = run(FakeRenderer(handler), items(100, 1), concurrency=10)
    assert len(outcomes) == 100
    assert crowd.most == 10


def test_handlers_that_compute_stay_on_the_calling_thread() -> None:
    crowd = Crowd()

    def handler(number: int) -> int:
        with crowd:
            end = time.thread_time() + 0.03
            while time.thread_time() < end:
                pass
        return number

    run(FakeRenderer(handler), items(8))
    assert crowd.threads == {threading.get_ident()}


def test_async_handlers_of_two_runs_share_one_loop() -> None:
    loops: list[Any] = []

    async def handler(number: int) -> int:
        loops.append(asyncio.get_running_loop())
        return number

    lanes = Lanes(FakeRenderer(handler), lambda item, outcome: None)  # type: ignore[arg-type]
    lanes.run(items(3, 1))
    lanes.run(items(3, 1))
    lanes.close()
    assert len(loops) == 6
    assert len(set(map(id, loops))) == 1


def test_lanes_work_below_a_running_loop() -> None:
    async def handler(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async def main() -> dict[int, Any]:
        return run(FakeRenderer(handler), items(10, 1))

    assert len(asyncio.run(main())) == 10


def test_a_coroutine_over_its_time_is_cancelled_and_the_others_are_delivered() -> None:
    cancelled = []

    async def handler(number: int) -> int:
        if number == 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
        return number

    outcomes = run(FakeRenderer(handler, limit=0.1), items(10, 1))
    assert cancelled == [3]
    assert outcomes[3].message == "timed out"
    assert sorted(outcomes) == list(range(10))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a thread cannot be interrupted safely on 3.11")
def test_a_thread_over_its_time_is_reported_and_thrown_out_of_its_loop() -> None:
    def handler(number: int) -> int:
        if number == 2:
            try:
                while True:
                    time.sleep(0.001)
            except BaseException as error:
                return type(error).__name__  # type: ignore[return-value]
        return number

    outcomes = run(FakeRenderer(handler, limit=0.1), items(6))
    assert outcomes[2].message == "timed out"
    assert sorted(outcomes) == list(range(6)), "the jobs behind it are lost"


def test_what_cannot_be_ended_gives_the_process_up_once_the_others_are_done() -> None:
    release = threading.Event()
    gave_up = threading.Event()
    delivered: list[int] = []

    def handler(number: int) -> int:
        if number == 1:
            release.wait(30)
        return number

    def give_up() -> None:
        gave_up.set()
        release.set()

    lanes = Lanes(
        FakeRenderer(handler, limit=0.1),  # type: ignore[arg-type]
        lambda item, outcome: delivered.append(item.number),
        gave_up=give_up,
    )
    lanes.run(items(2))
    assert gave_up.is_set()
    assert sorted(delivered) == [0, 1]


def test_an_error_of_the_items_comes_out() -> None:
    def broken() -> Iterator[Item]:
        yield from items(3)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        run(FakeRenderer(), broken())
