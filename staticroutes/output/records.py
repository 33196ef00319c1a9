"""The list of outputs: ``_staticroutes/outputs.jsonl``, one line each, sorted by path.

Bounded memory: rows are gathered in runs, each sorted and put aside in a temporary file, and merged
at the end. Collisions are found on the way by a set of hashes; a hit is looked up before anything is
said, so the chance that two names share a hash costs a look and never an output.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Iterable, Iterator
from typing import IO

from staticroutes.output.artifacts import Row

_RUN = 50_000


class Records:
    """The rows of one build."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._runs: list[IO[bytes]] = []
        self._names: set[int] = set()
        self.count = 0
        self.bytes = 0

    def add(self, row: Row) -> Row | None:
        """Take a row in. Gives the earlier one whose file is the same, or the same but for case or
        normalisation; then the new row is not taken."""
        key = _key(row.file)
        hashed = hash(key)
        if hashed in self._names:
            twin = next((other for other in self if _key(other.file) == key), None)
            if twin is not None:
                return twin
        self._names.add(hashed)
        self._rows.append(row)
        self.count += 1
        self.bytes += row.size
        if len(self._rows) >= _RUN:
            self._put_aside()
        return None

    def find(self, file: str) -> Row | None:
        """The row of a file, by looking through all."""
        return next((row for row in self if row.file == file), None)

    def files(self) -> Iterator[str]:
        """The file of every row."""
        return (row.file for row in self)

    def __iter__(self) -> Iterator[Row]:
        """Every row, in no particular order."""
        for run in self._runs:
            yield from _read(run)
        yield from list(self._rows)

    def sorted(self) -> Iterator[Row]:
        """Every row, by path."""
        self._rows.sort()
        runs: list[Iterable[Row]] = [_read(run) for run in self._runs]
        return iter(self._rows) if not runs else heapq.merge(*runs, self._rows)

    def close(self) -> None:
        """Drop the temporary files."""
        for run in self._runs:
            run.close()
        self._runs.clear()

    def _put_aside(self) -> None:
        import pickle
        import tempfile  # with what it imports a tenth of the start-up, and few sites are that large

        self._rows.sort()
        run = tempfile.TemporaryFile(prefix="staticroutes-")  # noqa: SIM115  (closed by close)
        for start in range(0, len(self._rows), 1000):
            pickle.dump(
                [tuple(row) for row in self._rows[start : start + 1000]], run, pickle.HIGHEST_PROTOCOL
            )
        self._runs.append(run)
        self._rows = []


def _read(run: IO[bytes]) -> Iterator[Row]:
    import pickle

    position = 0
    while True:
        run.seek(position)
        try:
            rows = pickle.load(run)  # noqa: S301  (an unnamed file of our own)
        except EOFError:
            return
        position = run.tell()
        yield from map(Row._make, rows)


def _key(file: str) -> str:
    """The name as a file system that minds neither case nor normalisation sees it."""
    folded = file.casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)
