"""``startup``: how long until the help is there, and until a site of one route is built."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import CHECKOUT, Comparison, Contender, compare
from benchmarks.workspace import Options, copy_site, floor, ours

ROUNDS = 15
TARGET = "target: at most 20 ms over `import click`"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare ``--help`` with ``import click``, then a build of one route with writing one file."""
    rounds = 3 if options.quick else max(options.repeat, ROUNDS)
    nothing = scratch / "nothing"
    script = Path(sys.executable).with_name("staticroutes")
    program = (str(script),) if script.exists() else (sys.executable, "-m", "staticroutes")
    path = {"PYTHONPATH": str(CHECKOUT)}
    contenders = [
        Contender("floor:", "import click", (sys.executable, "-c", "import click"), scratch, nothing),
        Contender("staticroutes", "--help", (*program, "--help"), scratch, nothing, environment=path),
    ]
    comparison = compare(
        "startup: the help", contenders, items=0, repeat=rounds, scratch=scratch, phases=("start to end",)
    )
    comparison.notes += [*_differences(comparison), TARGET]
    yield comparison

    project = copy_site("startup", scratch, 1)
    contenders = [floor(project), ours(project, "--jobs", "1"), ours(project)]
    comparison = compare("startup: a build of one route", contenders, items=1, repeat=rounds, scratch=scratch)
    comparison.notes += _differences(comparison)
    yield comparison


def _differences(comparison: Comparison) -> Iterator[str]:
    """Say how many milliseconds lie between the floor and each of ours: at this size, ratios say less."""
    for row in comparison.rows:
        floor = comparison.floor(row.phase)
        if row.best is not None and floor is not None and row.best is not floor:
            cpu, wall = (row.best.cpu - floor.cpu) * 1e3, (row.best.wall - floor.wall) * 1e3
            yield f"{row.name}, {row.phase}: {cpu:+.1f} ms of CPU, {wall:+.1f} ms of wall time over the floor"
