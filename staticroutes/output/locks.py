"""One build at a time for one output directory: a lock that dies with its holder.

Strategy
--------
The lock is ``flock`` on ``.<name>.lock`` beside the output, not the file's existence, so a killed build
leaves nothing to clear by hand. The holder unlinks the file before it lets go. Who locked a file that was
unlinked in between has locked nothing: the inode is looked at again after locking.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress

from staticroutes.errors import OutputError
from staticroutes.output.atomic import disk_error

_held: set[int] = set()
"""Descriptors of the locks this process holds. A forked child closes its copies at once: flock belongs to
the open file, so a worker that outlives a killed build would keep the next build out."""


class DirectoryLock:
    """The lock of one output directory, held from construction until ``release()``.

    Raises ``OutputError`` when another build holds it (naming its process), or when the file cannot be
    made.
    """

    def __init__(self, path: str) -> None:
        self._file = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.lock")
        self._descriptor = -1
        # The holder may be between locking and writing its number, or between unlinking and letting go.
        for _ in range(100):
            holder = self._try()
            if self._descriptor >= 0:
                return
            if holder:
                break
            time.sleep(0.001)
        raise OutputError(
            f"another build is writing this directory (process {holder or 'unknown'})",
            where=path,
            hint="wait until it has ended, or build to another directory with --out",
        )

    def release(self) -> None:
        """Unlink the file and let go. A second call does what Ctrl-C kept the first from doing."""
        if self._descriptor < 0:
            return
        try:
            # Before letting go, and looked at first: it could be the next holder's.
            if self._is_ours(self._descriptor):
                os.unlink(self._file)
        except OSError:
            pass
        _held.discard(self._descriptor)
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    def _try(self) -> str:
        """Lock, or give the holder's process number ("" where it is not known yet)."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = -1
        try:
            descriptor = os.open(self._file, flags, 0o644)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OutputError("is in the way: not a regular file", where=self._file, hint="remove it")
            if not _lock(descriptor):
                with suppress(OSError):
                    return os.read(descriptor, 32).decode("ascii", "replace").strip()
                return ""
            if not self._is_ours(descriptor):
                return ""
            written = os.read(descriptor, 32)
            if written and not written.strip().isdigit():
                raise OutputError("is in the way: not a lock of ours", where=self._file, hint="move it away")
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"%d\n" % os.getpid())
            _held.add(descriptor)
            self._descriptor, descriptor = descriptor, -1
        except OSError as error:
            if descriptor >= 0:
                # Ours, or nobody's: a disk that cannot lock, or is full.
                with suppress(OSError):
                    os.unlink(self._file)
            raise disk_error(error, "making the lock file of the output directory", self._file) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return ""

    def _is_ours(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.lstat(self._file))
        except FileNotFoundError:
            return False


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            # A byte far behind the number, which others must be able to read.
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            return True
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _let_go_in_child() -> None:
    # Closing a copy does not unlock; LOCK_UN would, for the parent too.
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
