"""A site that is being written beside the one it shall replace.

Rules
-----
* A file that did not change is a hard link to the previous site's: mtime kept, nothing written. So
  nothing here opens a staged file to write into it; what is replaced is unlinked first.
* Nothing is opened through a symlink, and no FIFO is waited for, in the previous site either.
* Several processes write at once. What they share is the disk alone: no counters, no list of files.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from typing import BinaryIO

from staticroutes.errors import OutputError
from staticroutes.output.atomic import disk_error
from staticroutes.output.folders import CREATE, StagedFolders
from staticroutes.output.streams import PIECE, StagedStream, holds, pour, read_up_to, write_all
from staticroutes.output.trees import NO_LINK, same_bytes

# O_NONBLOCK: a FIFO that somebody put into the output must not hang the build.
_FOLLOW = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_READ = _FOLLOW | getattr(os, "O_NOFOLLOW", 0)


class Stage(StagedFolders):
    """The folder ``stage``, filled to be published at ``path``.

    Files are named relative to it, with ``/``. Every method raises ``OutputError`` when the disk refuses.
    ``FileExistsError``, ``IsADirectoryError`` and ``NotADirectoryError`` come out as they are: two
    outputs that clash, which the caller can name.
    """

    def __init__(self, path: str, stage: str, *, compare: bool) -> None:
        super().__init__(path, stage, compare=compare)
        self._streamed: list[str] = []

    def write(self, file: str, body: bytes) -> None:
        """Stage one file: a link where the previous site has the same bytes, else a new file."""
        folder = file[: file.rfind("/") + 1]
        old = self._folders.get(folder)
        if old is None:
            old = self._enter(folder)
        if old and self._link_equal(file, body):
            return
        path = self._new + file
        try:
            descriptor = os.open(path, CREATE, 0o666)
        except OSError as error:
            descriptor = self._create_again(file, error)
        try:
            try:
                written = os.write(descriptor, body)
                if written != len(body):
                    write_all(descriptor, body, written)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._drop(file, error)

    def overwrite(self, file: str, body: bytes) -> None:
        """``write`` for a file that may be staged already: a job that is done again."""
        try:
            self.write(file, body)
        except FileExistsError:
            self._unlink(file)
            self.write(file, body)

    def create(self, file: str) -> BinaryIO:
        """A stream into a new file, for what is too large for one ``bytes``; close it before ``publish``.

        Only in the process that opened the directory, which compares the file with the previous one at
        the end.
        """
        self._folder_of(file)
        descriptor = self._create(file)
        self._streamed.append(file)
        return io.BufferedWriter(StagedStream(descriptor, file, self._new + file), PIECE)

    def copy(self, source: str, file: str) -> tuple[int, str]:
        """Stage a copy of a file on disk, whatever its size. Gives its size and its SHA-256 in hex.

        A symlink is followed; a folder, FIFO, socket or device raises ``OutputError``.
        """
        try:
            descriptor = os.open(source, _FOLLOW)
        except OSError as error:
            raise disk_error(error, f"reading it for {file}", source) from error
        try:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                raise OutputError("is not a regular file", where=source, hint="remove it, or exclude it")
            if info.st_size <= PIECE:
                body = read_up_to(descriptor, PIECE + 1)
                if len(body) <= PIECE:
                    self.write(file, body)
                    return len(body), hashlib.sha256(body).hexdigest()
                os.lseek(descriptor, 0, os.SEEK_SET)
            return self._copy_large(descriptor, file)
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            raise
        except OSError as error:
            raise disk_error(error, f"copying it to {file}", source) from error
        finally:
            os.close(descriptor)

    def keep(self, file: str) -> bool:
        """Carry a file of the previous site over as it is. False when there is none."""
        if not self._folder_of(file):
            return False
        try:
            if not stat.S_ISREG(os.lstat(self._old + file).st_mode):
                return False
        except OSError:
            return False
        if not self._link(file):
            self.copy(self._old + file, file)  # equal to what it is compared with, so its mtime is kept
        return True

    def move(self, old: str, new: str) -> None:
        """Rename a staged file: ``api/items/index.json`` to ``api/items`` when it is lonely, or back.

        It becomes a link where the previous site has the same bytes under the new name.
        """
        super().move(old, new)
        self._link_if_same(new)

    def _link_equal(self, file: str, body: bytes) -> bool:
        """Link the previous site's file when its bytes are these; False when they are not."""
        try:
            descriptor = os.open(self._old + file, _READ)
        except OSError:
            return False
        try:
            info = os.fstat(descriptor)
            size = len(body)
            if info.st_size != size or not stat.S_ISREG(info.st_mode):
                return False
            if os.read(descriptor, size + 1) != body if size <= PIECE else not holds(descriptor, body):
                return False
        except OSError:
            return False  # not readable is not the same: it is written anew
        finally:
            os.close(descriptor)
        if not self._link(file):
            self._write_copy(file, body, info)
        return True

    def _link(self, file: str) -> bool:
        """Link the previous site's file into the stage; False where this file system will not."""
        try:
            os.link(self._old + file, self._new + file)
        except FileExistsError:
            raise self._clash(file) from None
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if error.errno not in NO_LINK:
                raise disk_error(error, f"keeping {file}", self._new + file) from error
            return False
        return True

    def _write_copy(self, file: str, body: bytes, info: os.stat_result) -> None:
        plain = Stage(self.path, self.stage, compare=False)
        plain.write(file, body)
        try:
            os.utime(self._new + file, ns=(info.st_atime_ns, info.st_mtime_ns))
        except OSError as error:
            self._drop(file, error)

    def _copy_large(self, source: int, file: str) -> tuple[int, str]:
        equal = self._folder_of(file) and self._equal_to(source, file)
        if equal and self._link(file):
            return equal[0], equal[1]
        os.lseek(source, 0, os.SEEK_SET)
        target = self._create(file)
        try:
            try:
                copied = pour(source, target)
            finally:
                os.close(target)
            if equal and copied == equal[:2]:
                os.utime(self._new + file, ns=equal[2])
        except OSError as error:
            self._drop(file, error)
        assert copied is not None, "None says that two files differ, and here is one"
        return copied

    def _equal_to(self, source: int, file: str) -> tuple[int, str, tuple[int, int]] | None:
        """Size, SHA-256 and times where the previous site's file equals an open one."""
        try:
            other = os.open(self._old + file, _READ)
        except OSError:
            return None
        try:
            info = os.fstat(other)
            if not stat.S_ISREG(info.st_mode) or info.st_size != os.fstat(source).st_size:
                return None
            read = pour(source, None, like=other)
        except OSError:
            return None
        finally:
            os.close(other)
        return read and (*read, (info.st_atime_ns, info.st_mtime_ns))

    def _settle_streams(self) -> None:
        while self._streamed:
            self._link_if_same(self._streamed.pop())

    def _link_if_same(self, file: str) -> None:
        """Replace a staged file by a link where it came out as before, so that it keeps its mtime."""
        old, new = self._old + file, self._new + file
        try:
            if not self._folder_of(file) or not same_bytes(old, new):
                return
        except OSError:
            return  # not there, or not readable: not the same
        try:
            info = os.lstat(old)
            os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))
            aside = f"{self._new}.moving-{os.urandom(8).hex()}"
            try:
                os.link(old, aside)
            except OSError as error:
                if error.errno not in NO_LINK:
                    raise
            else:
                os.replace(aside, new)
        except OSError as error:
            raise disk_error(error, f"keeping {file}", new) from error
