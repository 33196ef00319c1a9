"""Two folders side by side: what differs, what is carried from one to the other, what is removed.

Names are relative with ``/``; a name that ends in ``/`` is a folder. Symlinks are never followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from enum import Enum

from staticroutes.errors import OutputError

NO_LINK = {errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""Answers of a file system that makes no hard link here, where a copy will do."""

_CHUNK = 1 << 20


class Change(Enum):
    """How one name differs between an old and a new tree."""

    SAME = "same"
    REWRITTEN = "rewritten"
    NEW = "new"
    HOLLOW = "hollow"
    """A folder of the new tree that holds nothing; in the old one it is missing, or holds something."""
    GONE = "gone"
    GONE_HOLLOW = "gone hollow"
    """A folder of the old tree that holds nothing and is not in the new one."""


def compare(old: str | None, new: str, *, copies: bool = False) -> Iterator[tuple[Change, str]]:
    """Every file of two trees, and every folder that holds nothing and stands in one of them only.

    Equal inode numbers are equal files: what did not change is a hard link. With ``copies``, for where
    links cannot be made, equal mtimes and then equal bytes say the same.
    """
    if old is None:
        yield from _alone(new, "", Change.NEW, Change.HOLLOW)
        return
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        theirs, ours = _listing(f"{old}/{folder}"), _listing(f"{new}/{folder}")
        if theirs and not ours and folder:
            yield Change.HOLLOW, folder
        for name, inode in ours.items():
            other = theirs.pop(name, None)
            name = folder + name
            if inode < 0 and other is not None and other < 0:
                waiting.append(name + "/")
                continue
            if inode >= 0 and other is not None and other >= 0:
                same = inode == other or (copies and _is_copy(f"{old}/{name}", f"{new}/{name}"))
                yield Change.SAME if same else Change.REWRITTEN, name
                continue
            yield from _one(new, name, inode, Change.NEW, Change.HOLLOW)
            if other is not None:
                yield from _one(old, name, other, Change.GONE, Change.GONE_HOLLOW)
        for name, other in theirs.items():
            yield from _one(old, folder + name, other, Change.GONE, Change.GONE_HOLLOW)


def _one(tree: str, name: str, inode: int, file: Change, hollow: Change) -> Iterator[tuple[Change, str]]:
    if inode < 0:
        yield from _alone(tree, name + "/", file, hollow)
    else:
        yield file, name


def _alone(tree: str, folder: str, file: Change, hollow: Change) -> Iterator[tuple[Change, str]]:
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        names = _listing(f"{tree}/{folder}")
        if not names and folder:
            yield hollow, folder
        for name, inode in names.items():
            if inode < 0:
                waiting.append(f"{folder}{name}/")
            else:
                yield file, folder + name


def _listing(folder: str) -> dict[str, int]:
    """Names and inode numbers; -1 for a folder. Not stat(): that costs six times as much."""
    with os.scandir(folder) as entries:
        return {each.name: -1 if each.is_dir(follow_symlinks=False) else each.inode() for each in entries}


def links_work(old: str, new: str, file: str) -> bool:
    """True where ``file`` of the old tree can be linked into the new one."""
    probe = f"{new}/.link-{os.urandom(8).hex()}"
    try:
        os.link(f"{old}/{file}", probe)
    except OSError:
        return False
    os.unlink(probe)  # or raise: it must not be published
    return True


def _is_copy(old: str, new: str) -> bool:
    before, after = os.lstat(old), os.lstat(new)
    return (
        stat.S_ISREG(before.st_mode)
        and stat.S_ISREG(after.st_mode)
        and before.st_mtime_ns == after.st_mtime_ns
        and same_bytes(old, new)
    )


def same_bytes(left: str, right: str) -> bool:
    """True where both are regular files of equal bytes."""
    if not (stat.S_ISREG(os.lstat(left).st_mode) and stat.S_ISREG(os.lstat(right).st_mode)):
        return False
    with open(left, "rb", 0) as one, open(right, "rb", 0) as two:
        if os.fstat(one.fileno()).st_size != os.fstat(two.fileno()).st_size:
            return False
        while (chunk := one.read(_CHUNK)) == two.read(_CHUNK):
            if not chunk:
                return True
    return False


def carry(old: str, new: str, name: str, folders: dict[str, int | None]) -> None:
    """Let the new tree hold ``name`` of the old one too: a hard link, or a copy where none can be made.

    ``folders`` is for ``make_folders``, one for all names. Raises ``FileExistsError`` or
    ``NotADirectoryError`` where the new tree has something in its place, ``OutputError`` for what can be
    neither linked nor copied.
    """
    make_folders(old, new, name, folders)
    if name.endswith("/"):
        return
    source, target = f"{old}/{name}", f"{new}/{name}"
    try:
        if os.link in os.supports_follow_symlinks:
            os.link(source, target, follow_symlinks=False)
            return
        if not os.path.islink(source):
            os.link(source, target)
            return
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
    _copy(source, target)


def make_folders(old: str, new: str, name: str, folders: dict[str, int | None]) -> None:
    """Make the folders that ``name`` needs in the new tree.

    They are writable at first. ``folders`` notes those known to stand there, and the mode that each which
    was made shall have in the end, for ``set_modes``.
    """
    if name[: name.rfind("/")] in folders:
        return
    end = name.find("/")
    while end >= 0:
        folder = name[:end]
        end = name.find("/", end + 1)
        if folder in folders:
            continue
        try:
            mode = os.lstat(f"{new}/{folder}").st_mode
            if not stat.S_ISDIR(mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), f"{new}/{folder}")
            folders[folder] = None
        except FileNotFoundError:
            os.mkdir(f"{new}/{folder}", 0o700)
            folders[folder] = stat.S_IMODE(os.lstat(f"{old}/{folder}").st_mode)


def set_modes(new: str, folders: dict[str, int | None]) -> None:
    """Give the folders that ``make_folders`` made their modes, inner ones first: some may forbid to enter."""
    for folder, mode in reversed(folders.items()):
        if mode is not None:
            os.chmod(f"{new}/{folder}", mode)


def _copy(source: str, target: str) -> None:
    import shutil

    mode = os.lstat(source).st_mode
    if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        shutil.copy2(source, target, follow_symlinks=False)
    elif stat.S_ISFIFO(mode) and hasattr(os, "mkfifo"):
        os.mkfifo(target, stat.S_IMODE(mode))
    else:
        raise OutputError(
            "cannot be carried over to the new site: neither a file, a folder nor a link",
            where=source,
            hint="move it out of the output directory",
        )


def remove_tree(path: str) -> None:
    """Remove a folder and all it holds, without crossing into another file system. Raises ``OSError``.

    Nothing happens where there is no such folder.
    """
    try:
        top = os.lstat(path)
    except FileNotFoundError:
        return
    try:
        # Nobody else can swap a folder in here for a symlink while we delete.
        os.chmod(path, 0o700)
    except PermissionError:
        pass
    waiting, folders = [path], []
    while waiting:
        folder = waiting.pop()
        info = os.lstat(folder)
        if not stat.S_ISDIR(info.st_mode) or info.st_dev != top.st_dev:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), folder)
        if info.st_mode & 0o700 != 0o700:
            os.chmod(folder, 0o700)
        folders.append(folder)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    os.unlink(entry.path)
    for folder in reversed(folders):
        os.rmdir(folder)
