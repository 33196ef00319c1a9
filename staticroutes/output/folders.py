"""The folders of a site that is being written: made when the first file needs them, never followed out of.

Several processes make folders at once, so what this one remembers is a short cut, not the truth.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import NoReturn

from staticroutes.errors import OutputError
from staticroutes.output.atomic import disk_error

CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
"""How a file of the stage is opened: it must not be there, not even as a symlink."""


class StagedFolders:
    """The stage as a place for files; ``Stage`` adds what is in them."""

    def __init__(self, path: str, stage: str, *, compare: bool) -> None:
        self.path = path
        self.stage = stage
        self._old = path + "/"
        self._new = stage + "/"
        # Folders of the stage, and whether the old site has each as a real folder, not through a link.
        self._folders = {"": compare}

    def move(self, old: str, new: str) -> None:
        """Rename a staged file: ``api/items/index.json`` to ``api/items`` when it is lonely, or back."""
        aside = f"{self._new}.moving-{os.urandom(8).hex()}"
        try:
            os.rename(self._new + old, aside)
            try:
                self._folder_of(new)
                # The first time, mkdir may have found the file itself in its place.
                self._make(new[: new.rfind("/") + 1])
                with suppress(OSError):
                    os.rmdir(self._new + new)  # the folder that the file was alone in
                    self._folders.pop(new + "/", None)
                if os.path.lexists(self._new + new):
                    raise self._clash(new)
                os.rename(aside, self._new + new)
            except BaseException:
                with suppress(OSError):
                    os.rename(aside, self._new + old)
                raise
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            raise
        except OSError as error:
            raise disk_error(error, f"moving {old} to {new}", self._new + new) from error

    def is_lonely(self, file: str) -> bool:
        """True where the staged folder that holds ``file`` holds nothing else."""
        folder, _, name = file.rpartition("/")
        try:
            with os.scandir(self._new + folder) as entries:
                return all(entry.name == name for entry in entries)
        except OSError as error:
            raise disk_error(error, f"looking beside {file}", self._new + folder) from error

    def _folder_of(self, file: str) -> bool:
        """Make the folder of a file; True where the previous site has it too."""
        folder = file[: file.rfind("/") + 1]
        known = self._folders.get(folder)
        return self._enter(folder) if known is None else known

    def _enter(self, folder: str) -> bool:
        parts = folder.split("/")
        if ".." in parts or not parts[0]:
            raise OutputError(f"{folder} would leave the output directory", where=self.path)
        self._make(folder)
        parent, old = "", self._folders[""]
        for part in parts[:-1]:
            parent += part + "/"
            known = self._folders.get(parent)
            if known is None:
                known = old and _is_folder(self._old + parent[:-1])
                self._folders[parent] = known
            old = known
        return old

    def _make(self, folder: str) -> None:
        """Make a folder of the stage and those above it, but never the stage itself."""
        missing = [folder.rstrip("/")]
        while missing and missing[-1]:
            try:
                os.mkdir(self._new + missing[-1])
            except FileExistsError:
                pass  # another process was here first; or a file, which the next open() says
            except FileNotFoundError as error:
                parent = missing[-1].rpartition("/")[0]
                if not parent:
                    raise OutputError(
                        "the stage was removed while the build wrote into it",
                        where=self.stage,
                        hint="build again",
                    ) from error
                missing.append(parent)
                continue
            except NotADirectoryError:
                raise
            except OSError as error:
                raise disk_error(error, f"making the folder {folder}", self._new + folder) from error
            missing.pop()

    def _create(self, file: str) -> int:
        """A descriptor of a new, empty file. Raises ``FileExistsError`` and its kin for what stands there."""
        try:
            return os.open(self._new + file, CREATE, 0o666)
        except OSError as error:
            return self._create_again(file, error)

    def _create_again(self, file: str, error: OSError) -> int:
        """After open() failed: make the folder where that was missing, or raise what fits."""
        if isinstance(error, FileNotFoundError):
            self._make(file[: file.rfind("/") + 1])
            try:
                return os.open(self._new + file, CREATE, 0o666)
            except OSError as again:
                error = again
        if isinstance(error, FileExistsError):
            raise self._clash(file) from None
        if isinstance(error, NotADirectoryError):
            raise error
        raise disk_error(error, f"writing {file}", self._new + file) from error

    def _clash(self, file: str) -> FileExistsError | IsADirectoryError:
        """What the system says of an O_EXCL that found a folder is EEXIST; the caller wants to know which."""
        path = self._new + file
        if _is_folder(path):
            return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)

    def _unlink(self, file: str) -> None:
        try:
            os.unlink(self._new + file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise disk_error(error, f"replacing {file}", self._new + file) from error

    def _drop(self, file: str, error: OSError) -> NoReturn:
        """Remove what was written in part, and say why."""
        try:
            os.unlink(self._new + file)
        except OSError:
            pass
        raise disk_error(error, f"writing {file}", self._new + file) from error


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
