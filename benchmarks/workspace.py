"""Where benchmarks work: a copy of a site on tmpfs, and the contenders that build it."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import CHECKOUT, Contender

SITES = Path(__file__).with_name("sites")
SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    repeat: int = 3
    quick: bool = False
    """Small sizes, one round: to see that everything works."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder, on tmpfs where there is one, and remove it afterwards."""
    parent = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="staticroutes-bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_site(name: str, scratch: Path, count: int) -> Path:
    """Copy ``sites/<name>`` and let it have ``count`` items."""
    project = scratch / f"{name}-{count}"
    ignored = shutil.ignore_patterns("__pycache__", ".staticroutes", "out")
    shutil.copytree(SITES / name, project, ignore=ignored)
    (project / "lib").mkdir(exist_ok=True)
    (project / "lib" / "count.py").write_text(f"COUNT = {count}\n", encoding="utf-8")
    return project


def repeat_module(template: Path, app: Path, count: int, folder: Callable[[int], str]) -> None:
    """Write ``template`` as ``count`` route modules, each with its own ``NUMBER``."""
    source = template.read_text(encoding="utf-8")
    for number in range(count):
        route = app / folder(number) / "route.py"
        route.parent.mkdir(parents=True)
        route.write_text(source.replace("NUMBER = 0\n", f"NUMBER = {number}\n"), encoding="utf-8")


def floor(project: Path, script: str = "floor.py") -> Contender:
    """Give the bare script of a site, called with its output folder."""
    out = project.with_name(project.name + "-floor")
    return Contender("floor:", "bare Python", (sys.executable, script, str(out)), project, out)


def ours(project: Path, *options: str, environment: dict[str, str] | None = None) -> Contender:
    """Give ``staticroutes build`` of a site with these options.

    The package is taken from this checkout, whichever else is installed.
    """
    out = project.with_name(project.name + "-ours")
    command = (sys.executable, "-m", "staticroutes", "-C", str(project), "build", "--out", str(out), *options)
    return Contender(
        "staticroutes",
        " ".join(options),
        command,
        project.parent,
        out,
        environment={"PYTHONPATH": str(CHECKOUT)} | (environment or {}),
        caches=(project / ".staticroutes",),
    )
