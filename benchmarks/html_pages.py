"""``html``: pages of 5 KB from a Jinja2 template, against a loop around the same template."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Comparison, compare
from benchmarks.workspace import Options, copy_site, floor, ours

TARGET = "target: CPU of the first build with --jobs 1 at most 1.30 of the floor's"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare at 1,000 pages."""
    count = 100 if options.quick else 1_000
    title = f"html: {count:,} pages of 5 KB (Jinja2)"
    if find_spec("jinja2") is None:
        yield Comparison(
            title,
            count,
            0,
            notes=["skipped: Jinja2 is not installed (pip install -r benchmarks/requirements.txt)"],
        )
        return
    project = copy_site("html", scratch, count)
    contenders = [floor(project), ours(project, "--jobs", "1"), ours(project, "--jobs", "2")]
    comparison = compare(title, contenders, items=count, repeat=options.repeat, scratch=scratch)
    comparison.notes.append(TARGET)
    yield comparison
