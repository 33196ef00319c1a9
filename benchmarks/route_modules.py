"""``modules``: many small route modules, against importing the same files one by one."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Comparison, compare
from benchmarks.workspace import SITES, Options, copy_site, floor, ours, repeat_module

TARGET = "target: CPU of the first build with --jobs 1 at most 1.50 of the floor's"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare at 500 modules."""
    count = 50 if options.quick else 500
    project = copy_site("modules", scratch, count)
    repeat_module(SITES / "modules" / "endpoint.py", project / "app", count, "endpoints/e{}.json".format)
    contenders = [floor(project), ours(project, "--jobs", "1"), ours(project, "--jobs", "2")]
    title = f"modules: {count:,} route modules"
    comparison = compare(title, contenders, items=count, repeat=options.repeat, scratch=scratch)
    comparison.notes.append(TARGET)
    yield comparison
