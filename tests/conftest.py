"""What end-to-end tests start from: a small site written in the test, and the real command line.

Programs that a test needs beside Python (nginx, strace, node, xmllint) are asked for with ``program``:
a test is skipped where one is missing, and fails under ``STATICROUTES_REQUIRE_PROGRAMS=1``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import staticroutes

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = Path(staticroutes.__file__).resolve().parent
Files = Mapping[str, str | bytes]

_REQUIRED = os.environ.get("STATICROUTES_REQUIRE_PROGRAMS") == "1"
_MISSING_PROGRAM = re.compile(r"\b(nginx|strace|node|xmllint) is not installed")


def pytest_configure(config: pytest.Config) -> None:
    """``STATICROUTES_TEST_INSTALLED=1``: the installed package is tested, not the checkout."""
    if os.environ.get("STATICROUTES_TEST_INSTALLED") == "1" and "site-packages" not in PACKAGE.parts:
        raise pytest.UsageError(f"staticroutes is imported from {PACKAGE}, not from site-packages")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Where programs are required, a skip for want of one is a failure."""
    report = yield
    if _REQUIRED and report.skipped and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2])
        if _MISSING_PROGRAM.search(reason):
            report.outcome = "failed"
            report.longrepr = f"{reason}, and STATICROUTES_REQUIRE_PROGRAMS=1"
    return report


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """The path of a program by its name; skips the test where it is not installed."""

    def find(name: str) -> str:
        path = shutil.which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find


class Done:
    """A command that has ended."""

    def __init__(self, completed: subprocess.CompletedProcess[bytes], seconds: float) -> None:
        self.code = completed.returncode
        self.stdout = completed.stdout.decode("utf-8", "surrogateescape")
        self.stderr = completed.stderr.decode("utf-8", "surrogateescape")
        self.seconds = seconds

    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.stdout)

    def __repr__(self) -> str:
        return f"<exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}>"


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """The environment of a command: nothing of ours or of a CI in it but what a test says."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STATICROUTES_", "GITHUB_", "PYTEST_", "COV_", "PYTHON"))
        and name not in ("CI", "NO_COLOR", "FORCE_COLOR", "SOURCE_DATE_EPOCH", "TZ")
    }
    if "site-packages" not in PACKAGE.parts:
        kept["PYTHONPATH"] = str(PACKAGE.parent)
    for name, value in (changes or {}).items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = value
    return kept


class Project:
    """A project folder, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def out(self) -> Path:
        """The usual output directory."""
        return self.folder / "out"

    def write(self, files: Files) -> Project:
        """Write files; texts are dedented. A name that ends in ``/`` is a folder."""
        for name, content in files.items():
            path = self.folder / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content if isinstance(content, bytes) else textwrap.dedent(content).encode()
            path.write_bytes(data)
        return self

    @staticmethod
    def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """The environment of a command: nothing of ours or of a CI in it but what a test says."""
        return environment(changes)

    def command(self, *arguments: str) -> list[str]:
        """The command line of ``staticroutes ARGUMENTS``."""
        return [sys.executable, "-m", "staticroutes", *arguments]

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
        **options: Any,
    ) -> Done:
        """Run ``staticroutes ARGUMENTS`` here to its end."""
        started = time.monotonic()
        options.setdefault("stdin", subprocess.DEVNULL)
        with self.start(
            *arguments, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        ) as process:
            try:
                stdout, stderr = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                stdout, stderr = process.communicate()
                pytest.fail(
                    f"did not end within {timeout} s\n{stdout.decode()[-1000:]}\n{stderr.decode()[-2000:]}"
                )
        completed = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
        return Done(completed, time.monotonic() - started)

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        **options: Any,
    ) -> subprocess.Popen[bytes]:
        """Start ``staticroutes ARGUMENTS`` here, in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=cwd or self.folder,
            env=environment(env),
            start_new_session=True,
            **options,
        )

    def build(self, *arguments: str, **options: Any) -> Done:
        """``staticroutes build ARGUMENTS``."""
        return self.run("build", *arguments, **options)

    def built(self, *arguments: str, **options: Any) -> Done:
        """``build`` that must succeed."""
        done = self.build(*arguments, **options)
        assert done.code == 0, done
        return done

    def refused(self, *arguments: str, code: int = 1, **options: Any) -> Done:
        """``build`` that must fail with this exit code, and without a traceback of ours."""
        done = self.build(*arguments, **options)
        assert done.code == code, done
        assert not re.search(r'File ".*staticroutes/(?!_)', done.stderr), done
        return done

    def files(self, out: Path | None = None) -> dict[str, bytes]:
        """Every file of the output but the manifest's folder."""
        return {
            name: body for name, body in self.everything(out).items() if not name.startswith("_staticroutes/")
        }

    def everything(self, out: Path | None = None) -> dict[str, bytes]:
        """Every file of the output."""
        root = out or self.out
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    def manifest(self, out: Path | None = None) -> dict[str, Any]:
        """The manifest of the output."""
        found: dict[str, Any] = json.loads(
            (out or self.out).joinpath("_staticroutes/manifest.json").read_bytes()
        )
        return found

    def outputs(self, out: Path | None = None) -> dict[str, dict[str, Any]]:
        """The rows of outputs.jsonl by path."""
        lines = (out or self.out).joinpath("_staticroutes/outputs.jsonl").read_bytes().splitlines()
        rows = [json.loads(line) for line in lines]
        assert len({row["path"] for row in rows}) == len(rows)
        return {row["path"]: row for row in rows}

    def row(self, pattern: str) -> dict[str, Any]:
        """The manifest's row of a route."""
        (row,) = [row for row in self.manifest()["routes"] if row["pattern"] == pattern]
        return dict(row)

    def reasons(self) -> dict[str, dict[str, Any]]:
        """Why routes are dynamic, by pattern and code; the open-ended params left out."""
        return {
            row["pattern"]: row["reason"]
            for row in self.manifest()["dynamic"]
            if row["reason"]["code"] not in ("dynamic-params", "method")
        }

    def litter(self) -> list[str]:
        """What stands beside the output that was not there before a build."""
        return sorted(name for name in os.listdir(self.folder) if name.startswith(".out"))


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project of files: ``project({"app/a.json/route.py": "def GET(): return {}"})``."""
    made = 0

    def make(files: Files | None = None, *, name: str | None = None) -> Project:
        nonlocal made
        made += 1
        return Project(tmp_path / (name or f"site{made if made > 1 else ''}")).write(files or {})

    return make


@pytest.fixture(scope="session")
def project_at() -> type[Project]:
    """A project at a folder of one's own choice, for fixtures that outlive a test."""
    return Project


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the checkout; skips where the tests stand alone."""
    if not (CHECKOUT / "sample_site").is_dir():
        pytest.skip("the checkout is not here")
    return CHECKOUT


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the sample site, built once with its defaults."""
    if not (CHECKOUT / "sample_site").is_dir():
        pytest.skip("the sample site is not here")
    folder = tmp_path_factory.mktemp("sample") / "sample_site"
    ignored = shutil.ignore_patterns("out", ".staticroutes", "__pycache__")
    shutil.copytree(CHECKOUT / "sample_site", folder, ignore=ignored)
    made = Project(folder)
    made.built()
    yield made


def children_of(pid: int) -> list[int]:
    """The processes whose parent or session is ``pid``, itself left out (Linux)."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != pid:
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            state, parent, _, session = fields[:4]
            if state != "Z" and str(pid) in (parent, session):
                found.append(int(name))
    return found


@pytest.fixture
def left_over() -> Callable[..., list[int]]:
    """Processes that a command of this pid's session has left, a moment after its end."""
    if sys.platform != "linux":
        pytest.skip("looks into /proc")

    def look(pid: int, *, within: float = 2.0) -> list[int]:
        limit = time.monotonic() + within
        while (found := children_of(pid)) and time.monotonic() < limit:
            time.sleep(0.02)
        return found

    return look
