"""Worker processes: forked, fed through pipes, ended when they hang, replaced when they die.

Strategy: the parent never runs a handler. It forks one worker, and further ones while there is more
work than the first ones take; a fork shares what the parent has loaded. Jobs go out a few at a time,
more to a worker that asks again soon, so that slow handlers spread over all workers and fast ones
cost no waiting. A worker notes in shared memory the number of the last job it has begun: when it
dies, the jobs behind that number are innocent, and those before it that it had not reported are
repeated one by one, each in a process where nothing else runs. The one that kills again is to blame.
"""

from __future__ import annotations

import gc
import mmap
import os
import pickle
import selectors
import signal
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from staticroutes.errors import StaticRoutesError
from staticroutes.prerender.lanes import Item
from staticroutes.prerender.outcomes import Job
from staticroutes.prerender.processes import die_with

_LENGTH: Final = struct.Struct("=I")
_MARK: Final = struct.Struct("=q")
_SOON: Final = 0.025
"""Seconds: a worker that asks again within them is given more at a time."""
_MOST: Final = 1024
_SPAWN_AFTER: Final = 0.03
_STILLBORN: Final = 3
"""So many workers in a row that ended before their first job end the build."""
_SILENCE: Final = 5.0
"""Seconds beyond the time-out without a sign of life, before a worker is killed from outside: then
even its monitor thread cannot run (C code that holds the interpreter)."""


class Died(NamedTuple):
    """A job that ended its worker process."""

    message: str
    hint: str


Emit = Callable[[int, Any], None]
Work = Callable[["Feed", "Sender"], None]


def run_in_workers(
    jobs: Iterator[Job], work: Work, *, max_workers: int, timeout: float
) -> Iterator[tuple[Job, Any]]:
    """Give every job to a worker; yields each job with what ``work`` sent for it, or ``Died``.

    ``work(feed, sender)`` runs in the worker: it iterates the feed (Items) and calls
    ``sender.send(item.number, result)`` for each. Results come in no particular order.
    """
    supervisor = _Supervisor(jobs, work, max_workers, timeout)
    try:
        yield from supervisor.run()
    finally:
        supervisor.kill()


class _Worker:
    __slots__ = (
        "alone",
        "asks",
        "credit",
        "fd_in",
        "fd_out",
        "heard",
        "inbox",
        "left",
        "mark",
        "outbox",
        "pending",
        "pid",
        "sent_at",
        "told_end",
    )

    def __init__(self, pid: int, fd_in: int, fd_out: int, mark: mmap.mmap, alone: bool) -> None:
        self.pid, self.fd_in, self.fd_out, self.mark, self.alone = pid, fd_in, fd_out, mark, alone
        self.pending: dict[int, Item] = {}
        self.outbox = bytearray()
        self.inbox = bytearray()
        self.credit = 1 if alone else 4
        self.asks = True
        self.sent_at = self.heard = time.monotonic()
        self.left = False
        """True once the worker said it stops by itself."""
        self.told_end = False


class _Supervisor:
    def __init__(self, jobs: Iterator[Job], work: Work, max_workers: int, timeout: float) -> None:
        self._jobs = jobs
        self._work = work
        self._max = max(1, max_workers)
        self._timeout = timeout
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._next_number = 1
        self._again: deque[Item] = deque()
        self._suspects: deque[Item] = deque()
        self._exhausted = False
        self._spawned_at = 0.0
        self._stillborn = 0
        self._results: deque[tuple[Job, Any]] = deque()

    def run(self) -> Iterator[tuple[Job, Any]]:
        while True:
            self._staff()
            for worker in list(self._workers):
                self._feed(worker)
            while self._results:
                yield self._results.popleft()
            if not self._workers:
                if self._is_finished():
                    return
                continue
            for key, events in self._selector.select(0.05 if self._wants_more_workers() else 1.0):
                worker = key.data
                if events & selectors.EVENT_READ:
                    self._read(worker)
                if events & selectors.EVENT_WRITE and worker in self._workers:
                    self._flush(worker)
            self._check_silence()

    def kill(self) -> None:
        """End every worker at once."""
        for worker in self._workers:
            try:
                os.kill(worker.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for worker in list(self._workers):
            self._forget(worker)
        self._selector.close()

    def _is_finished(self) -> bool:
        return not self._suspects and not self._look_ahead()

    def _item(self, job: Job) -> Item:
        number = self._next_number
        self._next_number += 1
        return Item(number, job)

    def _take(self, worker: _Worker) -> Item | None:
        if worker.alone:
            return self._suspects.popleft() if self._suspects and not worker.pending else None
        if self._again:
            item = self._again.popleft()
            # Numbers rise within a worker, so that its mark tells what it has begun.
            return Item(self._item(item.job).number, item.job, item.is_repeat)
        if self._exhausted:
            return None
        job = next(self._jobs, None)
        if job is None:
            self._exhausted = True
            return None
        return self._item(job)

    def _has_work(self) -> bool:
        return bool(self._again) or not self._exhausted

    def _wants_more_workers(self) -> bool:
        plain = [worker for worker in self._workers if not worker.alone]
        return self._has_work() and len(plain) < self._max

    def _look_ahead(self) -> bool:
        """Take one job before a worker is forked: what listing it has loaded, the fork shares."""
        if not self._again and not self._exhausted:
            first = next(self._jobs, None)
            if first is None:
                self._exhausted = True
            else:
                self._again.append(self._item(first))
        return bool(self._again)

    def _staff(self) -> None:
        if self._suspects and not any(worker.alone for worker in self._workers):
            self._spawn(alone=True)
        plain = sum(not worker.alone for worker in self._workers)
        if not self._has_work() or plain >= self._max:
            return
        now = time.monotonic()
        if not self._look_ahead():
            return
        if plain == 0 or (now - self._spawned_at > _SPAWN_AFTER and self._is_busy()):
            self._spawn(alone=False)

    def _is_busy(self) -> bool:
        """True when no worker waits for work: one more could help."""
        return all(worker.pending for worker in self._workers if not worker.alone)

    def _spawn(self, *, alone: bool) -> None:
        to_child, to_parent = os.pipe(), os.pipe()
        mark = mmap.mmap(-1, _MARK.size)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                for other in self._workers:
                    os.close(other.fd_in)
                    os.close(other.fd_out)
                os.close(to_child[1])
                os.close(to_parent[0])
                _child_main(to_child[0], to_parent[1], mark, self._work, parent)
            finally:
                os._exit(70)
        os.close(to_child[0])
        os.close(to_parent[1])
        os.set_blocking(to_child[1], False)
        os.set_blocking(to_parent[0], False)
        worker = _Worker(pid, to_parent[0], to_child[1], mark, alone)
        self._workers.append(worker)
        self._selector.register(worker.fd_in, selectors.EVENT_READ, worker)
        self._spawned_at = time.monotonic()

    def _feed(self, worker: _Worker) -> None:
        if worker.left or worker.told_end:
            return
        if not worker.asks and len(worker.pending) * 2 >= worker.credit:
            return
        now = time.monotonic()
        if worker.asks and not worker.alone and worker.heard > worker.sent_at:
            # It has nothing left to begin. Soon after it was fed, or while others of its jobs wait
            # for something: it can take more. Late and with nothing in flight: its jobs are long.
            if now - worker.sent_at < _SOON or worker.pending:
                worker.credit = min(worker.credit * 2, _MOST)
            else:
                worker.credit = max(worker.credit // 2, 1)
        batch: list[Item] = []
        room = worker.credit if worker.asks else worker.credit - len(worker.pending)
        while len(batch) < room:
            item = self._take(worker)
            if item is None:
                break
            batch.append(item)
            worker.pending[item.number] = item
        if batch:
            worker.asks = False
            worker.sent_at = now
            self._post(worker, pickle.dumps([tuple(item) for item in batch], pickle.HIGHEST_PROTOCOL))
        elif not worker.pending and (not self._suspects if worker.alone else not self._has_work()):
            worker.told_end = True
            self._post(worker, b"")

    def _post(self, worker: _Worker, message: bytes) -> None:
        worker.outbox += _LENGTH.pack(len(message)) + message
        self._flush(worker)

    def _flush(self, worker: _Worker) -> None:
        try:
            while worker.outbox:
                del worker.outbox[: os.write(worker.fd_out, worker.outbox)]
        except BlockingIOError:
            self._watch_writing(worker, True)
            return
        except BrokenPipeError:
            worker.outbox.clear()  # it has died; reading tells
        self._watch_writing(worker, False)

    def _watch_writing(self, worker: _Worker, on: bool) -> None:
        registered = worker.fd_out in self._selector.get_map()
        if on and not registered:
            self._selector.register(worker.fd_out, selectors.EVENT_WRITE, worker)
        elif not on and registered:
            self._selector.unregister(worker.fd_out)

    def _read(self, worker: _Worker) -> None:
        ended = False
        while True:
            try:
                data = os.read(worker.fd_in, 1 << 18)
            except BlockingIOError:
                break
            if not data:
                ended = True
                break
            worker.inbox += data
            if len(data) < 1 << 16:
                break
        worker.heard = time.monotonic()
        position = 0
        while len(worker.inbox) - position >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(worker.inbox, position)
            if len(worker.inbox) - position - _LENGTH.size < length:
                break
            start = position + _LENGTH.size
            results, asks, leaves = pickle.loads(worker.inbox[start : start + length])  # noqa: S301  (our own child)
            position = start + length
            for number, result in results:
                item = worker.pending.pop(number, None)
                if item is not None:
                    self._results.append((item.job, result))
            worker.asks = worker.asks or asks
            worker.left = worker.left or leaves
        del worker.inbox[:position]
        if ended:
            self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        status = self._forget(worker)
        # Read once it has ended: what has closed its pipe may go on for a while.
        (begun,) = _MARK.unpack(worker.mark[:])
        items = sorted(worker.pending.values())
        self._stillborn = 0 if begun or worker.left else self._stillborn + 1
        if self._stillborn >= _STILLBORN:
            raise StaticRoutesError(
                f"worker processes end before they begin: {_died(status).message}",
                hint="something that the project imports does not survive os.fork()",
            )
        if worker.left:
            self._again.extend(item._replace(is_repeat=True) for item in items)
            return
        suspects = [item for item in items if item.number <= begun or worker.alone]
        self._again.extend(item for item in items if item.number > begun and not worker.alone)
        if worker.alone or len(suspects) == 1:
            self._results.extend((item.job, _died(status)) for item in suspects)
        else:
            self._suspects.extend(item._replace(is_repeat=True) for item in suspects)

    def _forget(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        for fd in (worker.fd_in, worker.fd_out):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
            os.close(fd)
        try:
            for _ in range(100):
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    return status
                time.sleep(0.01)
            # Its pipe is closed, and it lives: a handler has closed it. Nothing can be heard of it any more.
            os.kill(worker.pid, signal.SIGKILL)
            return os.waitpid(worker.pid, 0)[1]
        except ChildProcessError:
            return 0

    def _check_silence(self) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.pending and now - worker.heard > self._timeout + _SILENCE:
                os.kill(worker.pid, signal.SIGKILL)
                worker.heard = now


def _died(status: int) -> Died:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name
        said = signal.strsignal(number) or name
        hint = "native code it calls crashed: run the handler alone under python -X faulthandler"
        if number == signal.SIGKILL:
            hint = (
                "killed from outside, most often for want of memory, or hung where Python could not stop it"
            )
        return Died(f"ended the worker process: {name} ({said.lower()})", hint)
    code = os.waitstatus_to_exitcode(status)
    return Died(f"ended the worker process with exit code {code}", "a handler must not call os._exit()")


def _child_main(fd_in: int, fd_out: int, mark: mmap.mmap, work: Work, parent: int) -> None:
    # Ctrl-C reaches the whole process group; the parent decides and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with(parent)
    # What the parent has loaded stays: never looked at again by the collector, never copied by it.
    gc.freeze()
    sender = Sender(fd_out)
    try:
        work(Feed(fd_in, mark, sender), sender)
        sender.flush(leaves=True)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(71)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(0)


class Sender:
    """The worker's way to the parent: results in batches."""

    def __init__(self, fd: int) -> None:
        import threading

        self._fd = fd
        self._results: list[tuple[int, Any]] = []
        self._lock = threading.Lock()
        self._sent_at = time.monotonic()

    def send(self, number: int, result: Any) -> None:
        """Send the result of an item, soon."""
        self._results.append((number, result))
        if len(self._results) >= 256:
            self.flush()

    def flush(self, *, asks: bool = False, leaves: bool = False) -> None:
        """Send what has gathered; ``asks`` for more work, ``leaves`` when the process ends by itself."""
        with self._lock:
            results, self._results = self._results, []
            if not (results or asks or leaves):
                return
            message = pickle.dumps((results, asks, leaves), pickle.HIGHEST_PROTOCOL)
            data = memoryview(_LENGTH.pack(len(message)) + message)
            while data:
                data = data[os.write(self._fd, data) :]
            self._sent_at = time.monotonic()

    def tick(self) -> None:
        """Now and then: send what has gathered, and a sign of life every second."""
        if self._results or time.monotonic() - self._sent_at > 1.0:
            self.flush(asks=False) if self._results else self._beat()

    def _beat(self) -> None:
        with self._lock:
            message = pickle.dumps(([], False, False))
            os.write(self._fd, _LENGTH.pack(len(message)) + message)
            self._sent_at = time.monotonic()

    def leave(self) -> None:
        """Send everything and end this process, hanging threads and all."""
        self.flush(leaves=True)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(0)


class Feed:
    """The worker's items, as an iterator that asks the parent for more."""

    def __init__(self, fd: int, mark: mmap.mmap, sender: Sender) -> None:
        self._fd = fd
        self._mark = mark
        self._sender = sender
        self._items: deque[Item] = deque()
        self._ended = False

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> Item:
        if not self._items:
            self._fetch()
        item = self._items.popleft()
        _MARK.pack_into(self._mark, 0, item.number)
        return item

    def _fetch(self) -> None:
        if self._ended:
            raise StopIteration
        self._sender.flush(asks=True)
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if not length:
            self._ended = True
            raise StopIteration
        for number, job, is_repeat in pickle.loads(self._exactly(length)):  # noqa: S301  (our own parent)
            self._items.append(Item(number, job, is_repeat))

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            data = os.read(self._fd, count)
            if not data:
                os._exit(73)  # the parent is gone
            parts.append(data)
            count -= len(data)
        return b"".join(parts)
