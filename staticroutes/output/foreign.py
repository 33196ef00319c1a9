"""Somebody else's files in an output directory: told from ours, carried over, taken over late.

A file is ours when the previous site lists it; everything else there is foreign and is kept. A folder is
foreign when it holds nothing, for git needs some of those.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from staticroutes.errors import OutputError
from staticroutes.output.previous import MANIFEST
from staticroutes.output.trees import Change, carry, compare, links_work, make_folders, set_modes


@dataclass(slots=True)
class Survey:
    """How the stage differs from the old directory."""

    new: int = 0
    rewritten: int = 0
    unchanged: int = 0
    removed: int = 0
    foreign: list[str] = field(default_factory=list)
    """Foreign names with no output in their place, as far as names tell."""
    blocked: list[str] = field(default_factory=list)
    """Foreign files where the stage has another file."""
    labels: tuple[str, ...] = ()
    """``foreign`` for people: a folder that is all foreign is one name, ending in ``/``."""


def survey(old: str | None, new: str, is_owned: Callable[[str], bool]) -> Survey:
    """Compare the two, and remove folders of the stage that hold nothing.

    ``is_owned`` is asked only where it matters: a build that changes nothing need not read a list of a
    million.
    """
    found = Survey()
    ours = {""}
    hollow = []
    copies = old is not None and not links_work(old, new, MANIFEST)
    for change, name in compare(old, new, copies=copies):
        match change:
            case Change.SAME:
                found.unchanged += 1
            case Change.NEW:
                found.new += 1
            case Change.REWRITTEN:
                found.rewritten += 1
                if not is_owned(name):
                    found.blocked.append(name)
            case Change.GONE if is_owned(name):
                found.removed += 1
                ours.update(_folders_above(name))
            case Change.GONE | Change.GONE_HOLLOW:
                found.foreign.append(name)
            case Change.HOLLOW:
                hollow.append(name)
    for name in hollow:
        # Made for a file that then went elsewhere. Once published, it would be taken for foreign.
        for folder in reversed(list(_folders_above(name))):
            with suppress(OSError):
                os.rmdir(f"{new}/{folder}")
    found.labels = tuple(sorted(_labels(found.foreign, new, ours)))
    return found


def carry_all(old: str, new: str, names: list[str]) -> list[str]:
    """Carry foreign names into the stage; gives those that cannot stand there because an output does."""
    blocked = []
    folders: dict[str, int | None] = {}
    for name in names:
        try:
            carry(old, new, name, folders)
        except (FileExistsError, NotADirectoryError):
            # An output takes the place of a folder that holds nothing: nobody loses anything.
            if not name.endswith("/"):
                blocked.append(name)
        except FileNotFoundError:
            pass  # removed since it was listed
    set_modes(new, folders)
    return blocked


def refuse_blocked(path: str, names: list[str]) -> None:
    """Raise ``OutputError`` that names foreign files in the way of outputs, if there are any."""
    if names:
        names = sorted(names)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise OutputError(
            f"holds files of somebody else where the site has outputs: {', '.join(names[:3])}{more}",
            where=path,
            hint="move them away, rename the outputs, or build with --force: then the outputs win",
        )


def take_late(old: str, new: str, carried: set[str], is_owned: Callable[[str], bool]) -> None:
    """After the exchange: repeat in the new site what somebody did in the old directory meanwhile.

    ``carried`` are the foreign names linked before. Losing a race here is not worth failing a build that
    is already published, so the rest goes on when one name cannot be taken over.
    """
    folders: dict[str, int | None] = {}
    for name in carried:
        if not os.path.lexists(f"{old}/{name}"):
            with suppress(OSError):
                os.unlink(f"{new}/{name}")
    for change, name in compare(None, old):
        if change is Change.NEW and is_owned(name):
            continue
        source, target = f"{old}/{name}", f"{new}/{name}"
        with suppress(OSError):
            make_folders(old, new, name, folders)
            # What an output took the place of is let go. For two links of one file rename() does nothing.
            if change is Change.NEW and (name in carried or not os.path.lexists(target)):
                os.rename(source, target)
    with suppress(OSError):
        set_modes(new, folders)


def _labels(names: list[str], new: str, ours: set[str]) -> set[str]:
    has_ours: dict[str, bool] = {}  # a .git has many thousand names in few folders
    labels = set()
    for name in names:
        for folder in _folders_above(name):
            if folder not in has_ours:
                has_ours[folder] = folder in ours or os.path.isdir(f"{new}/{folder}")
            if not has_ours[folder]:
                labels.add(folder + "/")
                break
        else:
            labels.add(name)
    return labels


def _folders_above(name: str) -> Iterator[str]:
    """``a``, ``a/b`` for ``a/b/c``, and ``a/b/c`` too for ``a/b/c/``."""
    end = name.find("/")
    while end >= 0:
        yield name[:end]
        end = name.find("/", end + 1)
