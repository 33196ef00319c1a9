"""One output directory for the time of one build: locked, staged beside it, published in one step.

Strategy
--------
The new site grows in ``.<name>.staticroutes-<random>`` beside the output, on the same file system.
Publishing:

1. links into it what somebody else put into the old directory (``CNAME``, ``.git``),
2. stops there when nothing differs,
3. puts everything on the disk for good, exchanges the two folders, and syncs their parent,
4. moves over what somebody put into the old directory meanwhile, and removes that directory.

So the output is one whole site at any moment, also after ``kill -9`` or Ctrl-C between any two lines.
What a killed build leaves is removed by the next, under the same lock. See ``atomic`` for systems without
an exchange.

Only the process that opened a directory publishes or discards it; forked workers ``write``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from staticroutes.errors import OutputError
from staticroutes.output import atomic
from staticroutes.output.atomic import disk_error
from staticroutes.output.foreign import Survey, carry_all, refuse_blocked, survey, take_late
from staticroutes.output.locks import DirectoryLock
from staticroutes.output.previous import OWN_FOLDER, check_place, is_site, owned_files, real_path
from staticroutes.output.stage import Stage
from staticroutes.output.trees import remove_tree

_RANDOM = 6
"""Bytes in the name of a stage."""
_ASIDE = ".old"
"""Ends the name of an old site between two renames."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one publication did, in numbers of files."""

    changed: bool
    """False where the site was as before and nothing was exchanged."""
    new: int
    rewritten: int
    unchanged: int
    removed: int
    carried: tuple[str, ...]
    """Somebody else's files, kept. A folder that is all theirs is one name, ending in ``/``."""


class OutputDirectory(Stage):
    """The output directory: ``open``, ``write`` and its kin, then ``publish`` or ``discard``."""

    previous: bool
    """True where an old site of ours stands at ``path``."""

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, force: bool = False, protect: Iterable[str] = ()
    ) -> OutputDirectory:
        """Lock the directory, tidy up after killed builds, and make an empty stage beside it.

        Raises ``OutputError`` where a build must not write: a file, a mount point, a directory that is or
        holds one of ``protect``, one that another build is writing or where the disk refuses; and, but
        for ``force``, one with files and no readable manifest of ours.
        """
        real = real_path(path)
        check_place(real, protect)
        try:
            made = _make_parents(os.path.dirname(real))
        except OSError as error:
            raise disk_error(error, "making the folder of the output directory", real) from error
        try:
            lock = DirectoryLock(real)
        except BaseException:
            _remove_empty(made)
            raise
        try:
            _tidy(real)
            previous = is_site(real, force=force)
            stage, mode = _make_stage(real)
            return cls(real, stage, mode, lock, made, previous=previous, force=force)
        except BaseException:
            # Also for Ctrl-C. A stage that was made already is like one of a killed build.
            with suppress(OutputError):
                _tidy(real)
            lock.release()
            _remove_empty(made)
            raise

    def __init__(
        self,
        path: str,
        stage: str,
        mode: int,
        lock: DirectoryLock,
        made: list[str],
        *,
        previous: bool,
        force: bool,
    ) -> None:
        # Compared with any old directory, ours or not: what is equal keeps its mtime.
        super().__init__(path, stage, compare=os.path.isdir(path))
        self.previous = previous
        self._force = force
        self._mode = mode
        self._lock = lock
        self._made = made
        self._owner = os.getpid()
        self._inode = os.lstat(stage).st_ino
        self._owned: set[str] | None = None
        self._listed_at = path
        self._carried: set[str] = set()
        self._aside = stage + _ASIDE
        self._done = False
        self._handle: int | None = None
        with suppress(OSError):
            # Before the first write: see atomic.sync_tree.
            self._handle = os.open(stage, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def owned(self) -> set[str]:
        """The files of the previous site: those it lists, and all under ``_staticroutes/``.

        Read once. Raises ``OutputError`` when a line is damaged.
        """
        if self._owned is None:
            self._owned = owned_files(self._listed_at) if self.previous else set()
        return self._owned

    def publish(self, *, force: bool = False, staged: int | None = None) -> Published:
        """Put the stage in the place of the old directory, and let go of the lock.

        ``staged`` is the number of staged files, from a caller who knows it and has left no folder
        empty: where no old directory is to be compared with, that spares looking at each.
        Raises ``OutputError`` for somebody else's file where the site has an output (``force``: the
        output wins), and where the disk refuses; the old site then stands as it did, and ``discard`` is
        still to be called.
        """
        assert not self._done and os.getpid() == self._owner, "for who opened it, once"
        try:
            self._settle_streams()
            old = self.path if os.path.isdir(self.path) else None
            if old is None and staged is not None:
                found = Survey(new=staged)
            else:
                found = survey(old, self.stage, self._is_owned)
            changed = old is None or bool(found.new or found.rewritten or found.removed)
            if changed:
                blocked = found.blocked + (carry_all(old, self.stage, found.foreign) if old else [])
                if not (force or self._force):
                    refuse_blocked(self.path, blocked)
                self._carried = set(found.foreign).difference(blocked)
                self._exchange()
        except OSError as error:
            raise disk_error(error, "publishing the site", error.filename or self.path) from error
        self.discard()
        return Published(changed, found.new, found.rewritten, found.unchanged, found.removed, found.labels)

    def discard(self) -> None:
        """Remove the stage and let go of the lock. Safe after ``publish``, twice, and in a worker."""
        if self._done or os.getpid() != self._owner:
            return
        try:
            # A clean-up that fails is left to the next build, which says so.
            with suppress(OSError, OutputError):
                if os.path.lexists(self._aside) and os.path.lexists(self.path):
                    os.rename(self._aside, self.stage)
                if os.lstat(self.stage).st_ino != self._inode:
                    # The two were exchanged: what is at the stage's path is the old directory.
                    self._listed_at = self.stage
                    take_late(self.stage, self.path, self._carried, self._is_owned)
                remove_tree(self.stage)
        finally:
            # The lock first: after Ctrl-C in here, it is what others would wait for.
            self._lock.release()
            self._done = True
            if self._handle is not None:
                os.close(self._handle)
            _remove_empty(self._made)

    def _is_owned(self, name: str) -> bool:
        return self.previous and (name.startswith(OWN_FOLDER + "/") or name in self.owned())

    def _exchange(self) -> None:
        """Sync, exchange, sync. Raises ``OSError`` with the old site in its place."""
        atomic.sync_tree(self.stage, self._handle)
        with suppress(FileNotFoundError):
            self._mode = stat.S_IMODE(os.lstat(self.path).st_mode)
        os.chmod(self.stage, self._mode)
        first = not os.path.lexists(self.path)
        atomic.publish(self.stage, self.path, self._aside)
        try:
            for folder in [self.path, *self._made]:
                atomic.sync(os.path.dirname(folder))
        except OSError:
            with suppress(OSError):
                if first:
                    os.rename(self.path, self.stage)
                else:
                    atomic.publish(self.stage, self.path, self._aside)
            raise


def _make_parents(folder: str) -> list[str]:
    """Make the folders that are missing, and give them, the outermost first."""
    missing: list[str] = []
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    for each in missing:
        os.makedirs(each, exist_ok=True)
    return missing


def _remove_empty(folders: list[str]) -> None:
    for folder in reversed(folders):
        with suppress(OSError):
            os.rmdir(folder)


def _make_stage(path: str) -> tuple[str, int]:
    """An empty folder of our own beside ``path``, and the mode that the umask would give it."""
    stage = f"{_prefix(path)}{os.urandom(_RANDOM).hex()}"
    try:
        os.mkdir(stage)
        mode = stat.S_IMODE(os.lstat(stage).st_mode)
        bits = 0
        with suppress(FileNotFoundError, PermissionError):
            old = os.lstat(path)
            # A shared directory (mode 2775 and a group) keeps being one, with all folders made inside.
            bits = old.st_mode & 0o7000
            if hasattr(os, "chown"):
                os.chown(stage, old.st_uid, old.st_gid)
        os.chmod(stage, 0o700 | bits)
    except OSError as error:
        raise disk_error(error, "making a folder beside the output directory", stage) from error
    return stage, mode


def _tidy(path: str) -> None:
    """Remove what killed builds of this output left. Only for the holder of its lock.

    Where one was killed between the two renames of ``atomic.publish``, the old site is put back.
    """
    parent, prefix = os.path.dirname(path), os.path.basename(_prefix(path))
    try:
        with os.scandir(parent) as entries:
            names = sorted(each.name for each in entries if each.name.startswith(prefix))
    except OSError as error:
        raise disk_error(error, "looking for what killed builds left", parent) from error
    for name in names:
        # To the letter: the output "a" must not take the stages of "a.staticroutes-b" for its own.
        digits = name[len(prefix) :].removesuffix(_ASIDE)
        left = os.path.join(parent, name)
        if len(digits) != 2 * _RANDOM or digits.strip("0123456789abcdef") or os.path.islink(left):
            continue
        try:
            if name.endswith(_ASIDE) and not os.path.lexists(path):
                os.rename(left, path)
            else:
                _remove_left(left)
        except OSError as error:
            raise disk_error(error, "removing what a killed build left; remove it by hand", left) from error


def _remove_left(stage: str) -> None:
    for attempt in range(3):
        try:
            remove_tree(stage)
            return
        except OSError as error:
            # A worker that outlived its build may write there for a moment more.
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT) or attempt == 2:
                raise


def _prefix(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.staticroutes-")
