"""kill -9 and Ctrl-C at any moment: the output is the old site or the new one, never a mixture."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from staticroutes.errors import OutputError
from staticroutes.output import atomic
from staticroutes.output.directory import OutputDirectory

FOREIGN = {"CNAME": b"example.org"}
A = {f"api/{number % 4}/{number}.json": b"A%d" % number for number in range(26)}
A |= {"index.html": b"A", "same.txt": b"=", "place": b"a file", "other/place": b"in a folder"}
B = {f"api/{number % 4}/{number}.json": b"B%d" % number for number in range(5, 30)}
B |= {"index.html": b"B", "same.txt": b"=", "place/inner": b"in a folder", "other": b"a file", "new/b": b"B"}


@pytest.fixture
def publisher(out, build, forked):
    """Starts a process that publishes A and B in turn until it is killed; waits for the first time."""

    def start() -> int:
        reader, writer = os.pipe()
        pid = forked()
        if pid == 0:
            try:
                build(out, A)
                os.write(writer, b"!")
                while True:
                    build(out, B)
                    build(out, A)
            finally:
                os._exit(1)
        os.close(writer)
        assert os.read(reader, 1) == b"!"
        os.close(reader)
        return pid

    return start


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "it ended by itself before"


def wait_for_change(out) -> None:
    """Until the path leads to another folder, or to none: the moment in which most can go wrong."""

    def inode() -> int:
        try:
            return os.stat(out).st_ino
        except FileNotFoundError:
            return 0

    before, limit = inode(), time.monotonic() + 5
    while inode() == before and time.monotonic() < limit:
        pass


def test_killed_at_any_moment(out, build, read, litter, publisher):
    build(out, A)
    (out / "CNAME").write_bytes(FOREIGN["CNAME"])
    moments = random.Random(7)
    seen, left = set(), 0
    for number in range(80):
        pid = publisher()
        if number % 3:
            time.sleep(moments.uniform(0, 0.02))
        else:
            wait_for_change(out)
        kill(pid)
        found = read(out)
        assert found in ({**A, **FOREIGN}, {**B, **FOREIGN})
        seen.add(found["index.html"])
        left += bool(litter())
        # Each second round, what was left meets the next process that is killed, not a whole build.
        if number % 2:
            OutputDirectory.open(out).discard()
            assert litter() == []
            assert read(out) == found
    assert seen == {b"A", b"B"}
    assert left > 20, "the kills hit builds, not the time between them"


def test_killed_between_two_renames(out, build, read, litter, publisher, monkeypatch):
    """Without an exchange the path may be missing, and the next build puts the old site back."""
    monkeypatch.setattr(atomic, "exchange", lambda left, right: False)
    moments = random.Random(7)
    build(out, A)
    for number in range(24):
        pid = publisher()
        if number % 3:
            time.sleep(moments.uniform(0, 0.01))
        else:
            wait_for_change(out)
        kill(pid)
        if out.exists():
            assert read(out) in (A, B)
        OutputDirectory.open(out).discard()
        assert read(out) in (A, B)
        assert litter() == []


def test_interrupted_at_every_system_call(out, build, read, litter, monkeypatch):
    """Ctrl-C after the first, the second, the third ... call that changes something on the disk."""
    build(out, A)
    (out / "CNAME").write_bytes(FOREIGN["CNAME"])
    names = ("open", "mkdir", "link", "rename", "replace", "unlink", "rmdir", "chmod", "utime", "close")
    calls = {name: getattr(os, name) for name in names}
    left = 0

    def interrupted(name):
        def call(*args, **keywords):
            nonlocal left
            result = calls[name](*args, **keywords)
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return result

        return call

    exchange = atomic.exchange

    def exchange_interrupted(one, other):
        nonlocal left
        result = exchange(one, other)
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return result

    when, done = 0, False
    while not done:
        when += 1
        with monkeypatch.context() as patch:
            for name in names:
                patch.setattr(os, name, interrupted(name))
            patch.setattr(atomic, "exchange", exchange_interrupted)
            left = when
            try:
                build(out, B)
                done = True
            except KeyboardInterrupt:
                pass
        found = read(out)
        assert found in ({**A, **FOREIGN}, {**B, **FOREIGN}), f"call {when}"
        if found["index.html"] == b"B" and not done:
            try:
                build(out, A)
            except OutputError as error:
                pytest.fail(f"call {when}: {error}")
            assert litter() == []
    assert when > 150
