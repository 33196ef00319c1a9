"""The memory of a tree of processes, sampled from ``/proc`` while it runs (Linux only)."""

import os
import threading
from dataclasses import dataclass

INTERVAL = 0.2
"""Seconds between samples: a peak shorter than that may be missed."""


@dataclass(slots=True)
class Peaks:
    """The largest values seen, in bytes."""

    one_process: int = 0
    all_rss: int = 0
    """The sum over all processes; memory that they share counts several times."""
    all_pss: int = 0
    """The sum of proportional shares; memory that they share counts once."""
    processes: int = 0

    def __str__(self) -> str:
        """Say it in megabytes."""
        if not self.processes:
            return "memory not sampled"
        return (
            f"peak of one process {self.one_process / 1e6:,.1f} MB, of all {self.processes} together "
            f"{self.all_rss / 1e6:,.1f} MB RSS, {self.all_pss / 1e6:,.1f} MB PSS (sampled)"
        )


class MemoryWatch:
    """Sample the descendants of a process until told to stop."""

    def __init__(self) -> None:
        self._peaks = Peaks()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, root: int) -> None:
        """Begin to sample the descendants of ``root``, without ``root`` itself."""
        if os.path.isdir("/proc/self"):
            self._thread = threading.Thread(target=self._watch, args=(root,), daemon=True)
            self._thread.start()

    def stop(self) -> Peaks:
        """End, and give the peaks."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        return self._peaks

    def _watch(self, root: int) -> None:
        while not self._stopped.wait(INTERVAL):
            shares = [share for pid in _descendants(root) if (share := _memory(pid)) is not None]
            if shares:
                peaks = self._peaks
                peaks.one_process = max(peaks.one_process, max(rss for rss, _ in shares))
                peaks.all_rss = max(peaks.all_rss, sum(rss for rss, _ in shares))
                peaks.all_pss = max(peaks.all_pss, sum(pss for _, pss in shares))
                peaks.processes = max(peaks.processes, len(shares))


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    # The name of the command is in brackets and may hold anything.
                    parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended meanwhile
    found = [root]
    for ancestor in found:
        found += [pid for pid, parent in parents.items() if parent == ancestor]
    return found[1:]


def _memory(pid: int) -> tuple[int, int] | None:
    """Give RSS and PSS in bytes."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
            fields = {
                line.split(":")[0]: line.split()[1] for line in file if line.startswith(("Rss:", "Pss:"))
            }
    except OSError:
        return None
    if len(fields) < 2:
        return None  # a process that has ended and is not yet waited for
    return int(fields["Rss"]) * 1024, int(fields["Pss"]) * 1024
