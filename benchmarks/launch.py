"""Run one command and write what it and all its descendants used, as JSON: ``launch.py REPORT COMMAND…``.

A separate small process, because on Linux the peak memory of a child starts at what its parent
held when it was started, and because only a parent can wait for a child's resources.
Descendants that lose their parent are adopted and waited for, so that none goes uncounted.
"""

import os
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, where the system can do that."""
    import ctypes  # late: what this process holds when it starts the command counts as the command's

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def launch(report: str, command: list[str]) -> None:
    """Run ``command``, then write its CPU seconds, wall seconds, peak RSS and exit status."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ)
    adopt_orphans()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss
    while True:
        try:
            _, _, orphan = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += orphan.ru_utime + orphan.ru_stime
        peak = max(peak, orphan.ru_maxrss)
    import json  # late, as in adopt_orphans

    unit = 1 if sys.platform == "darwin" else 1024
    used = {"cpu": cpu, "wall": wall, "rss": peak * unit, "status": os.waitstatus_to_exitcode(status)}
    with open(report, "w", encoding="utf-8") as file:
        json.dump(used, file)


if __name__ == "__main__":
    launch(sys.argv[1], sys.argv[2:])
