"""What a build wrote, small enough to compare a million files without keeping them."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

OWN_FOLDER = "_staticroutes"
"""The manifest's folder: no output of the site."""

Canonical = Callable[[bytes], bytes]


def as_it_is(body: bytes) -> bytes:
    """Compare bytes."""
    return body


def same_json(body: bytes) -> bytes:
    """Compare JSON values, for programs whose JSON has spaces, escapes or another order of keys."""
    return json.dumps(json.loads(body), sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Tree:
    """The number of files below a folder, and a sum over their names and contents."""

    files: int
    fingerprint: int


def read_tree(folder: Path, canonical: Canonical = as_it_is, extra: frozenset[str] = frozenset()) -> Tree:
    """Read every file below ``folder``; the order of names on the disk makes no difference."""
    files = total = 0
    for name, file in walk(folder, extra):
        files += 1
        digest = blake2b(name.encode() + b"\0" + canonical(_read(file)), digest_size=16).digest()
        total = (total + int.from_bytes(digest)) % (1 << 128)
    return Tree(files, total)


def walk(folder: Path, extra: frozenset[str] = frozenset(), below: str = "") -> Iterator[tuple[str, str]]:
    """Give ``(name, file)`` of every file: ``items/a.json`` and where it is."""
    if not os.path.isdir(os.path.join(folder, below)):
        return
    with os.scandir(os.path.join(folder, below)) as entries:
        for entry in entries:
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                if name != OWN_FOLDER:
                    yield from walk(folder, extra, name + "/")
            elif name not in extra:
                yield name, entry.path


def difference(
    folder: Path, wanted: Path, canonical: Canonical = as_it_is, extra: frozenset[str] = frozenset()
) -> str:
    """Say in one sentence how the files of ``folder`` differ from those wanted."""
    ours, theirs = dict(walk(folder, extra)), dict(walk(wanted))
    if missing := sorted(theirs.keys() - ours.keys()):
        return f"wrote {len(ours):,} files instead of {len(theirs):,}; {missing[0]} is missing"
    if unknown := sorted(ours.keys() - theirs.keys()):
        return f"wrote {len(ours):,} files instead of {len(theirs):,}; {unknown[0]} should not be there"
    for name in sorted(ours):
        if canonical(_read(ours[name])) != canonical(_read(theirs[name])):
            return f"{name} has other bytes than the floor's"
    return "the output is not what the floor wrote at first"


def _read(file: str) -> bytes:
    # Plain os calls: at 100,000 files, reading is most of what a check takes.
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
