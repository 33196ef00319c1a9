"""``million``: one route with a million static params; what counts is memory, of all processes together."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Comparison, Contender, Row, RunError, describe_failure, run
from benchmarks.memory import MemoryWatch
from benchmarks.outputs import Tree, read_tree
from benchmarks.workspace import Options, copy_site, floor, ours

TARGET = "target: memory that does not grow with the number of params"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Build once each: a million files take their time, and several gigabytes of tmpfs."""
    count = 10_000 if options.quick else 1_000_000
    project = copy_site("million", scratch, count)
    comparison = Comparison(f"million: {count:,} params of one route", count, 1)
    expected: Tree | None = None
    for contender in (floor(project), ours(project, "--jobs", "1"), ours(project)):
        row = Row("first build", contender.name)
        comparison.rows.append(row)
        watch = MemoryWatch()
        try:
            contender.clean()
            row.best = run(
                contender.command,
                project=contender.project,
                scratch=scratch,
                environment=contender.environment,
                watch=watch.start,
            )
            expected = _checked(contender, count, expected)
        except RunError as failure:
            row.best = None
            comparison.failures.append(describe_failure(contender, row.phase, failure))
        finally:
            peaks = watch.stop()
            contender.clean()  # two outputs at a time may be more than the memory holds
        if row.best is not None:
            comparison.notes.append(f"{contender.name}: {peaks}")
    comparison.notes.append(TARGET)
    yield comparison


def _checked(contender: Contender, count: int, expected: Tree | None) -> Tree:
    tree = read_tree(contender.out)
    if tree.files != count:
        raise RunError(f"wrote {tree.files:,} files instead of {count:,}")
    if expected is not None and tree != expected:
        raise RunError("names or contents are not the floor's")
    return tree
