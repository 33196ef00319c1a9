"""Worker processes: every job answered, whatever one of them does to its process."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from staticroutes.prerender.outcomes import Job
from staticroutes.prerender.workers import Died, Feed, Sender, run_in_workers

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # pytest's own helpers may run threads; the workers under test touch none of them.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def jobs(count: int) -> Iterator[Job]:
    for number in range(count):
        yield Job(0, f"/{number}", f"/{number}", {"number": number})


def answers(
    count: int, handler: Callable[[int], Any], *, workers: int = 2, timeout: float = 60
) -> dict[int, Any]:
    def work(feed: Feed, sender: Sender) -> None:
        for item in feed:
            sender.send(item.number, handler(item.job.params["number"]))

    seen: dict[int, Any] = {}
    for job, result in run_in_workers(jobs(count), work, max_workers=workers, timeout=timeout):
        number = job.params["number"]
        assert number not in seen, "answered twice"
        seen[number] = result
    assert sorted(seen) == list(range(count))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    return seen


@pytest.mark.parametrize("count", [0, 1, 5, 3000])
def test_every_job_is_answered_once(count: int) -> None:
    assert answers(count, lambda number: number * 3) == {number: number * 3 for number in range(count)}


def test_long_jobs_are_spread_over_the_workers() -> None:
    def handler(number: int) -> int:
        time.sleep(0.03)
        return os.getpid()

    assert len(set(answers(20, handler, workers=3).values())) >= 2


def test_no_more_workers_than_allowed() -> None:
    def handler(number: int) -> int:
        time.sleep(0.02)
        return os.getpid()

    assert len(set(answers(20, handler, workers=1).values())) == 1


@pytest.mark.parametrize(
    ("end", "said"),
    [
        pytest.param(lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL", id="killed"),
        pytest.param(lambda: os.kill(os.getpid(), signal.SIGSEGV), "SIGSEGV", id="segfault"),
        pytest.param(lambda: os._exit(0), "exit code 0", id="exit-0"),
        pytest.param(lambda: os._exit(3), "exit code 3", id="exit-3"),
    ],
)
def test_a_job_that_ends_its_process_costs_itself_alone(end: Callable[[], None], said: str) -> None:
    def handler(number: int) -> int:
        if number in (7, 50):
            faulthandler.disable()  # pytest's: it would print the crash that is wanted here
            end()
        return number

    seen = answers(100, handler)
    for number, result in seen.items():
        if number in (7, 50):
            assert isinstance(result, Died)
            assert said in result.message
        else:
            assert result == number


def test_large_results_and_large_params_pass() -> None:
    def work(feed: Feed, sender: Sender) -> None:
        for item in feed:
            sender.send(item.number, item.job.params["text"] * 2)

    texts = [chr(97 + number) * 300_000 for number in range(20)]
    todo = (Job(0, f"/{number}", f"/{number}", {"text": text}) for number, text in enumerate(texts))
    seen = {job.path: result for job, result in run_in_workers(todo, work, max_workers=2, timeout=60)}
    assert seen == {f"/{number}": text * 2 for number, text in enumerate(texts)}


def test_what_listing_loads_is_there_when_a_worker_is_forked() -> None:
    loaded: list[int] = []

    def listing() -> Iterator[Job]:
        loaded.append(os.getpid())
        yield from jobs(3)

    def work(feed: Feed, sender: Sender) -> None:
        for item in feed:
            sender.send(item.number, list(loaded))

    results = [result for _, result in run_in_workers(listing(), work, max_workers=1, timeout=60)]
    assert results == [[os.getpid()]] * 3


def test_an_abandoned_run_leaves_no_process() -> None:
    def work(feed: Feed, sender: Sender) -> None:
        for item in feed:
            sender.send(item.number, 1)
            time.sleep(0.01)

    results = run_in_workers(jobs(1000), work, max_workers=2, timeout=60)
    next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
