"""``json``: endpoints of 1 KB, all from one handler, against a loop and against other generators."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Comparison, Contender, compare
from benchmarks.outputs import same_json
from benchmarks.workspace import Options, copy_site, floor, ours

PEERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Frozen-Flask", "flask_frozen", ("flask_app.py", "OUT")),
    (
        "django-distill",
        "django_distill",
        (
            "manage.py",
            "distill",
            "generate",
            "--output-directory",
            "OUT",
            "--exclude-staticfiles",
            "--force",
            "--quiet",
        ),
    ),
    (
        "freezeyt",
        "freezeyt",
        ("-m", "freezeyt", "freezeyt_app", "OUT", "-C", "freezeyt_app:config", "--progress", "none"),
    ),
)
PEERS_UP_TO = 10_000
TARGET = (
    "target: CPU of the first build with --jobs 1 at most 1.20 of the floor's at 10,000 (1.00 is the prize); "
    "peers at least 8 times ours"
)


def benchmark(options: Options, scratch: Path) -> Iterator[Comparison]:
    """Compare at 1,000, 10,000 and 100,000 endpoints."""
    for count in (1_000,) if options.quick else (1_000, 10_000, 100_000):
        project = copy_site("json", scratch, count)
        contenders = [floor(project), ours(project, "--jobs", "1"), ours(project, "--jobs", "2")]
        notes = []
        if count <= PEERS_UP_TO:
            for name, package, arguments in PEERS:
                if find_spec(package) is None:
                    notes.append(
                        f"{name} skipped: not installed (pip install -r benchmarks/requirements.txt)"
                    )
                else:
                    contenders.append(_peer(name, arguments, project))
        title = f"json: {count:,} JSON endpoints of 1 KB"
        comparison = compare(title, contenders, items=count, repeat=options.repeat, scratch=scratch)
        comparison.notes += [*notes, *_distances(comparison, contenders[1].name), TARGET]
        yield comparison


def _peer(name: str, arguments: tuple[str, ...], project: Path) -> Contender:
    out = project.with_name(f"{project.name}-{name}")
    command = tuple(str(out) if word == "OUT" else word for word in arguments)
    home_page = frozenset({"index.html"}) if name == "freezeyt" else frozenset[str]()
    return Contender(name, "", (sys.executable, *command), project, out, canonical=same_json, extra=home_page)


def _distances(comparison: Comparison, ours: str) -> Iterator[str]:
    """Say how far each peer is from us."""
    own = comparison.find("first build", ours)
    for name, _, _ in PEERS:
        peer = comparison.find("first build", name)
        if own is not None and peer is not None:
            yield f"{name} takes {peer.cpu / own.cpu:.1f} times the CPU of {ours}"
