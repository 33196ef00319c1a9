"""``endoflife``: a real site of thousands of files, against a script written for it alone."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import CHECKOUT, Comparison, Contender, compare
from benchmarks.workspace import Options, ours

SITE = CHECKOUT / "tests" / "sites" / "endoflife"
BARE = CHECKOUT / "benchmarks" / "endoflife_bare.py"
VARIABLE = "STATICROUTES_ENDOFLIFE_DATA"
TARGET = "target: CPU of the first build with --jobs 1 at most 1.30 of the floor's"
TITLE = "endoflife: the whole of a real API"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare with one process and as many as there are processors."""
    data = Path(os.environ.get(VARIABLE) or CHECKOUT.parent / "shared" / "data" / "endoflife").resolve()
    if missing := [file for file in (data, SITE, BARE) if not file.exists()]:
        yield Comparison(
            TITLE, 0, 0, notes=[f"skipped: {', '.join(map(str, missing))} not there (the data: {VARIABLE})"]
        )
        return
    project, out = scratch / "site", scratch / "site-floor"
    shutil.copytree(SITE, project, ignore=shutil.ignore_patterns("__pycache__", ".staticroutes", "out"))
    environment = {VARIABLE: str(data)}
    bare = Contender(
        "floor:", "bare Python", (sys.executable, str(BARE), str(out)), CHECKOUT, out, environment=environment
    )
    own = [ours(project, "--jobs", "1", environment=environment), ours(project, environment=environment)]
    comparison = compare(TITLE, [bare, *own], items=None, repeat=options.repeat, scratch=scratch)
    comparison.notes.append(TARGET)
    yield comparison
