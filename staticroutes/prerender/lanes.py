"""Runs many jobs at once in one process: plain handlers on threads, async ones on an event loop.

Strategy: plain handlers run one after another on the calling thread, with nothing between two calls
but the call. A monitor looks every few milliseconds; when every runner has been in the same job for
two looks while the process neither computed nor stood in line for a processor, the handlers are
waiting for something, and more threads join in. So a handler that computes pays nothing for those
that wait. Async handlers share one loop in a thread of its own, so that this works below a running
loop too.

A handler over its time is reported at once. A coroutine is cancelled; a thread cannot be, so the
process must be given up afterwards (``gave_up``): in a worker process that is all it takes.
"""

from __future__ import annotations

import contextvars
import functools
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from staticroutes.prerender.outcomes import Job, Outcome
from staticroutes.prerender.rendering import Renderer

_LOOK_EVERY = 0.01
_CANCEL_GRACE = 1.0


class Item(NamedTuple):
    """A job on its way through the lanes."""

    number: int
    job: Job
    is_repeat: bool = False
    """True where an earlier process may have left its file."""


Deliver = Callable[[Item, Outcome], None]


class _Runner:
    __slots__ = ("expired", "item", "lock", "native_id", "seen", "since", "thread")

    def __init__(self, thread: threading.Thread | None = None) -> None:
        self.thread = thread
        self.native_id = (thread and thread.native_id) or 0
        self.item: Item | None = None
        self.seen: Item | None = None
        self.since = 0.0
        self.expired = False
        self.lock = threading.Lock()


class Lanes:
    """Takes items from an iterator, delivers each with its outcome; ``deliver`` is called from any thread."""

    def __init__(
        self,
        renderer: Renderer,
        deliver: Deliver,
        *,
        concurrency: int = 64,
        tick: Callable[[], None] = lambda: None,
        gave_up: Callable[[], None] | None = None,
    ) -> None:
        self._renderer = renderer
        self._deliver = deliver
        self._concurrency = concurrency
        self._tick = tick
        self._gave_up = gave_up
        """Called once a handler hangs for good and all others are done; does not return in a worker."""
        self._pull = threading.Lock()
        self._items: Iterator[Item] = iter(())
        self._exhausted = False
        self._stopping = False
        self._done = threading.Event()
        self._runners: list[_Runner] = []
        self._loop: _LoopLane | None = None
        self._error: BaseException | None = None

    def run(self, items: Iterator[Item]) -> None:
        """Work until the iterator ends and everything taken from it is delivered. May be called again:
        async handlers find the same event loop then. ``close`` ends it."""
        self._items, self._exhausted = items, False
        self._done.clear()
        main = _Runner(threading.current_thread())
        self._runners = [main]
        monitor = threading.Thread(target=self._monitor, name="staticroutes-monitor", daemon=True)
        monitor.start()
        try:
            self._drain(main)
            for runner in self._runners[1:]:
                while runner.thread is not None and runner.thread.is_alive() and not runner.expired:
                    runner.thread.join(0.02)
            if self._loop is not None:
                self._loop.finish()
        finally:
            self._done.set()
            monitor.join()
        if self._error is not None:
            raise self._error
        if any(runner.expired for runner in self._runners) or (
            self._loop is not None and self._loop.is_stuck
        ):
            self._call_gave_up()

    def close(self) -> None:
        """End the event loop, where one was needed."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    def _drain(self, runner: _Runner) -> None:
        render, deliver, pull = self._renderer.render, self._deliver, self._pull
        is_async, lock = self._renderer.async_routes, runner.lock
        while not self._stopping:
            with pull:
                item = None if self._exhausted else next(self._items, None)
                if item is None:
                    self._exhausted = True
                    return
            if item.job.route in is_async:
                self._put(item)
                continue
            runner.item = item
            outcome = render(item.job)
            with lock:
                runner.item = None
                if not runner.expired:
                    deliver_it = True
                elif self._gave_up is None:
                    # Reported, and thrown out of its handler: the thread may go on.
                    deliver_it = runner.expired = False
                    _interrupt_thread(runner.thread, None)
                else:
                    return
            if deliver_it:
                deliver(item, outcome)

    def _put(self, item: Item) -> None:
        if self._loop is None:
            with self._pull:
                self._loop = self._loop or _LoopLane(self._renderer, self._deliver, self._concurrency)
        self._loop.put(item)

    def _thread_main(self, runner: _Runner) -> None:
        runner.native_id = threading.get_native_id()
        try:
            self._drain(runner)
        except BaseException as error:
            self._error = error
            self._stopping = True

    def _monitor(self) -> None:
        looked, used = time.monotonic(), _busy_time(self._runners)
        idle_looks = 0
        while not self._done.wait(_LOOK_EVERY):
            self._tick()
            now, busy = time.monotonic(), _busy_time(self._runners)
            idle_looks = idle_looks + 1 if (busy - used) < 0.3 * (now - looked) else 0
            looked, used = now, busy
            waiting = 0
            for runner in self._runners:
                item = runner.item
                if item is None or item is not runner.seen:
                    runner.seen, runner.since = item, now
                elif now - runner.since > self._renderer.timeout(item.job):
                    self._expire(runner, item)
                else:
                    waiting += 1
            if self._loop is not None:
                self._loop.check_time(now)
                if self._loop.is_stuck:
                    self._stopping = True
            working = [runner for runner in self._runners if not runner.expired]
            if self._stopping:
                self._end_early(working)
            elif waiting == len(working) and idle_looks >= 2 and not self._exhausted:
                self._join_in(min(waiting, self._concurrency - len(working)))
                idle_looks = 0

    def _join_in(self, count: int) -> None:
        for _ in range(max(count, 0)):
            runner = _Runner()
            runner.thread = threading.Thread(target=self._thread_main, args=(runner,), daemon=True)
            self._runners.append(runner)
            runner.thread.start()

    def _expire(self, runner: _Runner, item: Item) -> None:
        with runner.lock:
            if runner.item is not item or runner.expired:
                return
            runner.expired = True
        self._deliver(item, self._renderer.timed_out(item.job))
        if self._gave_up is not None:
            self._stopping = True
        else:
            _interrupt_thread(runner.thread, HandlerTimeoutError)

    def _end_early(self, working: list[_Runner]) -> None:
        """After a hang: once all others are done, this process has nothing more to do."""
        if self._gave_up is None or self._runners[0] in working:
            return  # the calling thread is free and ends run() itself
        if all(runner.item is None for runner in working) and (self._loop is None or self._loop.is_idle):
            self._call_gave_up()

    def _call_gave_up(self) -> None:
        if self._gave_up is not None:
            self._gave_up()


def _busy_time(runners: list[_Runner]) -> float:
    """Seconds that this process has computed, with those that its runners stood in line for a processor.

    The line matters on a busy machine: a handler that computes and is not let to is no handler that
    waits. Linux tells it in nanoseconds, as the second number of schedstat
    (https://docs.kernel.org/scheduler/sched-stats.html); elsewhere it goes uncounted.
    """
    busy = time.process_time()
    for runner in runners:
        try:
            descriptor = os.open(f"/proc/self/task/{runner.native_id}/schedstat", os.O_RDONLY)
        except OSError:
            continue
        try:
            busy += int(os.read(descriptor, 100).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            pass
        finally:
            os.close(descriptor)
    return busy


class _LoopLane:
    """The event loop of one run, in its own thread: a pool of tasks over one queue."""

    def __init__(self, renderer: Renderer, deliver: Deliver, concurrency: int) -> None:
        import asyncio  # 40 ms to import: only a site with async handlers pays it
        from concurrent.futures import ThreadPoolExecutor

        self._asyncio = asyncio
        self._renderer = renderer
        self._deliver = deliver
        self._concurrency = concurrency
        self._queue: deque[Item] = deque()
        self._room = threading.Event()
        self._in_flight: dict[int, tuple[Item, Any, float]] = {}
        self._overdue: set[int] = set()
        self._expired: set[int] = set()
        self._lock = threading.Lock()
        self._running = 0
        self._wake_scheduled = False
        self._idle = threading.Event()
        self._idle.set()
        self.is_stuck = False
        self._is_closing = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(concurrency, thread_name_prefix="staticroutes"))
        _carry_context(self._loop)
        self._thread = threading.Thread(target=self._live, name="staticroutes-loop", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """True when nothing is queued and nothing but what hangs is in flight."""
        return not self._queue and all(number in self._expired for number in list(self._in_flight))

    def put(self, item: Item) -> None:
        """Queue an item; waits while the queue is full."""
        while len(self._queue) >= 4 * self._concurrency and not self.is_stuck:
            self._room.clear()
            self._room.wait(0.05)
        with self._lock:
            self._queue.append(item)
            self._idle.clear()
            if self._wake_scheduled:
                return
            self._wake_scheduled = True
        self._loop.call_soon_threadsafe(self._wake)

    def finish(self) -> None:
        """Wait until everything put is delivered."""
        while not self._idle.wait(0.02):
            if self.is_stuck and self.is_idle:
                return

    def close(self) -> None:
        """End the loop and its thread, unless it hangs."""
        if not self.is_stuck:
            self._is_closing = True
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CANCEL_GRACE)

    def _live(self) -> None:
        """The life of the loop's thread."""
        loop = self._loop
        while not self._is_closing:
            loop.run_forever()  # again where a handler has stopped it
        # Tasks that handlers have left behind.
        pending = self._asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(self._asyncio.wait(pending))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def check_time(self, now: float) -> None:
        """Cancel what is over its time; give up what does not let itself be cancelled."""
        for number, (item, task, since) in list(self._in_flight.items()):
            over = now - since - self._renderer.timeout(item.job)
            if over > 0 and number not in self._overdue:
                self._overdue.add(number)
                self._loop.call_soon_threadsafe(task.cancel)
            elif over > _CANCEL_GRACE and number not in self._expired:
                self._expired.add(number)
                self._deliver(item, self._renderer.timed_out(item.job))
                self.is_stuck = True

    def _wake(self) -> None:
        with self._lock:
            self._wake_scheduled = False
            wanted = min(len(self._queue), self._concurrency - self._running)
            self._running += wanted
        for _ in range(wanted):
            task = self._loop.create_task(self._work())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _work(self) -> None:
        task = self._asyncio.current_task()
        assert task is not None
        queue, arender = self._queue, self._renderer.arender
        try:
            while queue and not self.is_stuck:
                item = queue.popleft()
                number = item.number
                self._in_flight[number] = (item, task, time.monotonic())
                try:
                    outcome = await arender(item.job)
                except self._asyncio.CancelledError as error:
                    if number in self._overdue:
                        task.uncancel()
                        outcome = self._renderer.timed_out(item.job)
                    else:
                        outcome = self._renderer.failed(item.job, error)
                self._in_flight.pop(number, None)
                if number not in self._expired:
                    self._deliver(item, outcome)
                if not self._room.is_set():
                    self._room.set()
        finally:
            with self._lock:
                self._running -= 1
                if not self._running and not queue:
                    self._idle.set()


def _carry_context(loop: Any) -> None:
    """Let run_in_executor carry the context along, as to_thread does: name look-ups of connections run
    there, and belong to the handler that asked."""
    plain = loop.run_in_executor

    def run_in_executor(executor: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        context = contextvars.copy_context()
        return plain(executor, functools.partial(context.run, function, *arguments))

    loop.run_in_executor = run_in_executor


class HandlerTimeoutError(BaseException):
    """Thrown into a thread whose handler is over its time, where the process cannot be given up."""


def _interrupt_thread(thread: threading.Thread | None, error: type[BaseException] | None) -> None:
    """Let a thread raise ``error`` at its next step of Python; None takes back what it has not raised yet."""
    if sys.version_info < (3, 12):
        # 3.11 keeps a flag for an exception that its thread has not come to raise, and every call under
        # a profile function then waits for it for ever. There a hanging thread goes on.
        return
    import ctypes

    if thread is not None and thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(error) if error is not None else None
        )
