"""``python -m benchmarks [names…] [--repeat N] [--json FILE] [--quick]``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    cpu_bound,
    endoflife_site,
    html_pages,
    json_endpoints,
    million_params,
    route_modules,
    start_up,
    waiting_handlers,
)
from benchmarks.measure import Comparison
from benchmarks.tables import as_data, as_text
from benchmarks.workspace import Options, scratch_folder

BENCHMARKS: dict[str, Callable[[Options, Path], Iterator[Comparison]]] = {
    "json": json_endpoints.benchmark,
    "html": html_pages.benchmark,
    "modules": route_modules.benchmark,
    "waiting": waiting_handlers.benchmark,
    "cpu": cpu_bound.benchmark,
    "startup": start_up.benchmark,
    "million": million_params.benchmark,
    "endoflife": endoflife_site.benchmark,
}
ONLY_WHEN_NAMED = {"million"}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks named, or all but the largest; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all but million by default"
    )
    parser.add_argument(
        "--repeat", type=int, default=3, metavar="N", help="rounds of each comparison; the best counts"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one round: only to see that all of it works"
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if options.repeat < 1:
        parser.error("--repeat must be at least 1")
    names = options.names or [name for name in BENCHMARKS if name not in ONLY_WHEN_NAMED]
    asked = Options(repeat=1 if options.quick else options.repeat, quick=options.quick)
    done: list[dict[str, object]] = []
    failed = False
    for name in names:
        with scratch_folder() as scratch:
            for comparison in BENCHMARKS[name](asked, scratch):
                print(as_text(comparison), end="\n\n", flush=True)
                failed = failed or bool(comparison.failures)
                done.append({"benchmark": name, **as_data(comparison)})
    if options.json is not None:
        options.json.write_text(json.dumps(done, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
