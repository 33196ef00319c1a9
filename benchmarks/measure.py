"""Run commands, and compare them: ``Contender`` → rounds → ``Row``.

Rules of a comparison, in the order of the code:

1. Each contender runs once untimed, which fills the bytecode caches and shows whether it works.
2. Then come the rounds: floor, ours, peers, floor, ours, peers, …; the best of each is kept.
3. Before a first build, its output and caches are removed; the build of "nothing changed" follows on it.
4. After every single run the output is compared with the floor's. A contender that is wrong or fails
   is out of the table and named below it: a broken build is never reported as fast.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.outputs import Canonical, Tree, as_it_is, difference, read_tree

CHECKOUT = Path(__file__).resolve().parent.parent
LAUNCHER = Path(__file__).with_name("launch.py")
TIMEOUT = 3600.0
STDERR_LINES = 12

FIRST = ("first build",)
BOTH = ("first build", "nothing changed")


class RunError(Exception):
    """A command exited with an error, or its output is not what it should be."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a command used, its descendants included."""

    cpu: float
    """User and system seconds."""
    wall: float
    """Seconds until the command itself had ended."""
    rss: int
    """Peak resident bytes of the largest of its processes."""

    def best(self, other: "Usage | None") -> "Usage":
        """Give the smaller of both, each figure by itself."""
        if other is None:
            return self
        return Usage(min(self.cpu, other.cpu), min(self.wall, other.wall), min(self.rss, other.rss))


@dataclass(frozen=True, slots=True)
class Contender:
    """One command of a comparison and where its output goes."""

    program: str
    variant: str
    command: tuple[str, ...]
    project: Path
    out: Path
    environment: dict[str, str] = field(default_factory=dict)
    caches: tuple[Path, ...] = ()
    """What a first build must not find, beside ``out``."""
    canonical: Canonical = as_it_is
    """Applied to files before they are compared, where the bytes may differ and the meaning may not."""
    extra: frozenset[str] = frozenset()
    """Files that this program needs to write and the floor does not."""

    @property
    def name(self) -> str:
        """Give what the table calls it."""
        return f"{self.program} {self.variant}".strip()

    def clean(self) -> None:
        """Remove the output and everything that would help the next build."""
        for folder in (self.out, *self.caches):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Row:
    """The best figures of one contender in one phase."""

    phase: str
    name: str
    best: Usage | None = None


@dataclass(slots=True)
class Comparison:
    """The rows of one table; the first row of each phase is the floor."""

    title: str
    items: int
    """Files that a build writes; 0 where it is no build."""
    repeat: int
    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def find(self, phase: str, name: str) -> Usage | None:
        """Give the figures of a contender, or None where it failed."""
        return next((row.best for row in self.rows if (row.phase, row.name) == (phase, name)), None)

    def floor(self, phase: str) -> Usage | None:
        """Give the figures of the floor."""
        return next((row.best for row in self.rows if row.phase == phase), None)


def child_environment(extra: dict[str, str]) -> dict[str, str]:
    """Give an environment in which bytecode is cached and no setting of the caller's changes a build."""
    dropped = ("STATICROUTES_", "GITHUB_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "DJANGO_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return kept | {"NO_COLOR": "1"} | extra


def run(
    command: Sequence[str],
    *,
    project: Path,
    scratch: Path,
    environment: dict[str, str] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Usage:
    """Run ``command`` in ``project`` and give what it used.

    ``watch`` is called with the process id of the launcher while the command runs.
    """
    report, stdout, stderr = scratch / "usage.json", scratch / "stdout", scratch / "stderr"
    report.unlink(missing_ok=True)
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(report), *command]
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            launcher,
            cwd=project,
            env=child_environment(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            if watch is not None:
                watch(process.pid)
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise RunError(f"still running after {TIMEOUT:.0f} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    tail = "\n".join(stderr.read_text(encoding="utf-8", errors="replace").splitlines()[-STDERR_LINES:])
    if not report.exists():
        raise RunError(f"could not be started\n{tail}")
    used = json.loads(report.read_text(encoding="utf-8"))
    if used["status"] != 0:
        raise RunError(f"exit status {used['status']}\n{tail}")
    return Usage(used["cpu"], used["wall"], used["rss"])


def compare(
    title: str,
    contenders: Sequence[Contender],
    *,
    items: int | None,
    repeat: int,
    scratch: Path,
    phases: Sequence[str] = BOTH,
) -> Comparison:
    """Measure the contenders against the first of them, the floor.

    ``items`` is how many files each must write; None is as many as the floor does.
    """
    comparison = Comparison(title, items or 0, repeat)
    comparison.rows = [Row(phase, contender.name) for phase in phases for contender in contenders]
    expected: dict[Canonical, Tree] = {}
    out_of_it: set[str] = set()
    for number in range(repeat + 1):
        print(
            f"{title}: {'warm-up' if number == 0 else f'round {number} of {repeat}'}",
            file=sys.stderr,
            flush=True,
        )
        for contender in contenders:
            if contender.name in out_of_it:
                continue
            phase = phases[0]
            try:
                for phase, usage in _build(contender, phases, scratch):
                    comparison.items = _check(contender, contenders[0], expected, items)
                    if number > 0:
                        _keep(comparison, phase, contender.name, usage)
            except RunError as failure:
                out_of_it.add(contender.name)
                comparison.failures.append(describe_failure(contender, phase, failure))
                for row in comparison.rows:
                    if row.name == contender.name:
                        row.best = None
                if contender is contenders[0]:
                    return comparison
    for contender in contenders:
        contender.clean()
    return comparison


def _build(contender: Contender, phases: Sequence[str], scratch: Path) -> Iterator[tuple[str, Usage]]:
    contender.clean()
    for phase in phases:
        usage = run(
            contender.command, project=contender.project, scratch=scratch, environment=contender.environment
        )
        yield phase, usage


def _check(contender: Contender, floor: Contender, expected: dict[Canonical, Tree], items: int | None) -> int:
    """Compare the output with the floor's, which stays in place for the whole round, and count the files."""
    if contender.canonical not in expected:
        expected[contender.canonical] = read_tree(floor.out, contender.canonical)
    wanted = expected[contender.canonical]
    tree = read_tree(contender.out, contender.canonical, contender.extra)
    if items is not None and wanted.files != items:
        raise RunError(f"the floor wrote {wanted.files:,} files instead of {items:,}")
    if tree != wanted:
        raise RunError(difference(contender.out, floor.out, contender.canonical, contender.extra))
    return tree.files


def _keep(comparison: Comparison, phase: str, name: str, usage: Usage) -> None:
    for row in comparison.rows:
        if (row.phase, row.name) == (phase, name):
            row.best = usage.best(row.best)


def describe_failure(contender: Contender, phase: str, failure: RunError) -> str:
    """Say which program failed, in which phase, and what it said last."""
    first, *rest = str(failure).splitlines()
    where = ", ".join(part for part in (contender.variant, phase) if part)
    return "\n".join([f"{contender.program} failed: {first} ({where})", *(f"    {line}" for line in rest)])
