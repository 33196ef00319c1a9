"""``cpu``: handlers that compute for 20 ms, where more processes should help."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import FIRST, Comparison, compare
from benchmarks.workspace import Options, copy_site, floor, ours

TARGET = "target: wall time falls with the number of processors; CPU stays near the floor's"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare one process and as many as there are processors."""
    count = 20 if options.quick else 200
    project = copy_site("cpu", scratch, count)
    contenders = [floor(project), ours(project, "--jobs", "1"), ours(project)]
    title = f"cpu: {count} URLs of about 20 ms of computing"
    comparison = compare(title, contenders, items=count, repeat=options.repeat, scratch=scratch, phases=FIRST)
    comparison.notes.append(TARGET)
    yield comparison
