"""``waiting``: handlers that wait 50 ms for something, in the four ways they are written."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import FIRST, Comparison, compare
from benchmarks.workspace import SITES, Options, copy_site, floor, ours, repeat_module

TARGET = "target: about 1 s of wall time in each of the four"


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare at 200 handlers, one table for each way of writing them."""
    count = 20 if options.quick else 200
    template = SITES / "waiting"
    for kind in ("async", "sync"):
        project = copy_site("waiting", scratch / f"one-{kind}", count)
        route = project / "app" / "items" / "[slug].json" / "route.py"
        route.parent.mkdir(parents=True)
        shutil.copyfile(template / f"one_route_{kind}.py", route)
        yield _compare(
            f"waiting: {count} URLs of one {kind} route, 50 ms each", project, count, options, scratch
        )
    for kind in ("async", "sync"):
        project = copy_site("waiting", scratch / f"separate-{kind}", count)
        repeat_module(
            template / f"separate_route_{kind}.py", project / "app", count, "items/item-{}.json".format
        )
        yield _compare(
            f"waiting: {count} {kind} routes in files of their own, 50 ms each",
            project,
            count,
            options,
            scratch,
        )


def _compare(title: str, project: Path, count: int, options: Options, scratch: Path) -> Comparison:
    contenders = [floor(project), ours(project)]
    comparison = compare(title, contenders, items=count, repeat=options.repeat, scratch=scratch, phases=FIRST)
    comparison.notes.append(TARGET)
    return comparison
