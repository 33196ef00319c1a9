"""The system calls behind publishing: a folder for another in one step, a tree put on the disk for good.

Rules
-----
* Linux: ``renameat2(RENAME_EXCHANGE)`` and ``syncfs``. macOS: ``renamex_np(RENAME_SWAP)`` and ``fsync``.
* Elsewhere, and on file systems that know no exchange (some network and FUSE mounts): two renames.
  Between them the path is missing for a moment; a build killed in that moment leaves the old site under
  its aside name, and the next build puts it back (``OutputDirectory.open``).
* A failed sync is never tried again as if it could succeed: the kernel reports a lost page once.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from staticroutes.errors import OutputError

if TYPE_CHECKING:
    import ctypes

_NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""Answers that mean "this system or file system cannot", not "it went wrong"."""

_HINTS = {
    errno.ENOSPC: "free some space or some inodes, or build to another disk with --out",
    errno.EDQUOT: "free some space, or build to another disk with --out",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "choose a directory that can be written with --out",
    errno.EACCES: "choose a directory that can be written with --out",
    errno.EPERM: "choose a directory that can be written with --out",
    errno.EIO: "the disk is failing or its connection is lost: see the system's log",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.EBUSY: "a mount point cannot be replaced: build into a folder inside it",
    errno.EXDEV: "delete the directory and build again: this file system cannot rename it",
}


def disk_error(error: OSError, doing: str, where: str) -> OutputError:
    """The ``OutputError`` for a system call that failed: what, while doing what, where, and a way out."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    reason = reason[:1].lower() + reason[1:]
    return OutputError(f"{reason} while {doing}", where=where, hint=_HINTS.get(error.errno or 0))


def publish(stage: str, path: str, aside: str) -> None:
    """Put ``stage`` at ``path``; what stood there stands at ``stage`` afterwards.

    Raises ``OSError`` when the file system refuses; ``path`` then holds what it held before.
    """
    if not os.path.lexists(path):
        os.rename(stage, path)
    elif not exchange(stage, path):
        try:
            os.rename(path, aside)
            os.rename(stage, path)
        except BaseException:
            # Also for Ctrl-C between the two: the old site is better than none.
            if not os.path.lexists(path):
                os.rename(aside, path)
            raise
        os.rename(aside, stage)


def exchange(left: str, right: str) -> bool:
    """Swap two paths in one step. False where the system cannot; ``OSError`` when it fails."""
    swap = _exchanger()
    if swap is None:
        return False
    code = swap(os.fsencode(left), os.fsencode(right))
    if code in _NOT_HERE:
        return False
    if code:
        raise OSError(code, os.strerror(code), right)
    return True


def sync_tree(folder: str, handle: int | None) -> None:
    """Put every file and folder under ``folder`` on the disk for good. Raises ``OSError`` when one is lost.

    ``handle`` is a descriptor of ``folder`` opened before the first write, because ``syncfs`` reports
    only errors that happened since its descriptor was opened; None where there is none to be had.
    """
    code = errno.ENOSYS if handle is None else _syncfs(handle)
    if code in _NOT_HERE:
        for name in _everything(folder):
            try:
                sync(name)
            except PermissionError:
                pass  # a foreign file that was carried over: what we wrote ourselves can be opened
        sync(folder)
    elif code:
        raise OSError(code, os.strerror(code), folder)


def sync(path: str) -> None:
    """``fsync`` of one file or folder; file systems that cannot sync folders are let pass."""
    if sys.platform == "win32":
        return  # no descriptor of a folder, and no fsync of a file opened for reading
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
        if sys.platform == "darwin":
            import fcntl

            # There fsync leaves the data in the drive's own memory.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    except OSError as error:
        if error.errno not in _NOT_HERE or not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise
    finally:
        os.close(descriptor)


def mount_points(path: str) -> list[str]:
    """The mount points at ``path`` or below it, as far as the system tells, sorted."""
    found = {path} if os.path.ismount(path) else set()
    try:
        # ismount() compares device numbers, so it cannot see a bind mount of the same file system.
        with open("/proc/self/mountinfo", "rb") as lines:
            for line in lines:
                raw = line.split()[4].replace(b"\\040", b" ").replace(b"\\011", b"\t")
                place = os.fsdecode(raw.replace(b"\\012", b"\n").replace(b"\\134", b"\\"))
                if place == path or place.startswith(path.rstrip("/") + "/"):
                    found.add(place)
    except (OSError, IndexError):
        pass
    return sorted(found)


def _everything(folder: str) -> Iterator[str]:
    """Regular files and folders under ``folder``, folders after what they hold."""
    waiting, folders = [folder], []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path
    yield from reversed(folders)


@cache
def _libc() -> ctypes.CDLL | None:
    # Imported late: a build that changes nothing needs none of this. Some Pythons are built without ctypes.
    try:
        import ctypes

        return ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError, TypeError):
        return None


def _syncfs(handle: int) -> int:
    """0, or the error number; ENOSYS where there is no such call."""
    call = getattr(_libc(), "syncfs", None) if sys.platform == "linux" else None
    return errno.ENOSYS if call is None else _result(call(handle))


def _exchanger() -> Callable[[bytes, bytes], int] | None:
    libc = _libc()
    if libc is None:
        return None
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        return lambda left, right: _result(libc.renamex_np(left, right, 2))  # RENAME_SWAP
    if sys.platform != "linux":
        return None
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if hasattr(libc, "renameat2"):
        return lambda left, right: _result(libc.renameat2(here, left, here, right, swap))
    # musl had no wrapper for many years (Alpine images).
    number = {"x86_64": 316, "aarch64": 276, "riscv64": 276}.get(os.uname().machine)
    if number is None:
        return None
    return lambda left, right: _result(libc.syscall(number, here, left, here, right, swap))


def _result(returned: int) -> int:
    import ctypes

    return ctypes.get_errno() if returned else 0
