"""A site is a dict of names and bytes; the folder on disk is what is looked at."""

from __future__ import annotations

import json
import os
import stat
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from staticroutes.output.directory import OutputDirectory, Published

Files = Mapping[str, bytes]


def stage_site(directory: OutputDirectory, files: Files) -> None:
    """What a build does between ``open`` and ``publish``."""
    for name, body in files.items():
        directory.write(name, body)
    with directory.create("_staticroutes/outputs.jsonl") as stream:
        for name in sorted(files):
            row = {"path": f"/{name}", "file": name, "status": 200, "size": len(files[name])}
            stream.write(json.dumps(row).encode() + b"\n")
    manifest = {"version": 1, "generator": "staticroutes 0.1.0", "totals": {"outputs": len(files)}}
    directory.write("_staticroutes/manifest.json", json.dumps(manifest).encode())


def build_site(out: Path, files: Files, *, force: bool = False) -> Published:
    directory = OutputDirectory.open(out, force=force)
    try:
        stage_site(directory, files)
        return directory.publish()
    finally:
        directory.discard()


def read_site(out: Path) -> dict[str, bytes | str]:
    """Every file but the manifest's folder; what is no regular file is told by a word."""
    found: dict[str, bytes | str] = {}
    for folder, folders, names in os.walk(out):
        for name in names + [each for each in folders if os.path.islink(os.path.join(folder, each))]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                content: bytes | str = f"-> {os.readlink(path)}"
            else:
                content = path.read_bytes() if stat.S_ISREG(mode) else "special"
            found[path.relative_to(out).as_posix()] = content
    return {name: body for name, body in found.items() if not name.startswith("_staticroutes/")}


def run_in_child(work: Callable[[], object]) -> int:
    """The exit status of ``work`` in a forked process: 0, or 1 for an exception."""
    pid = fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a test runner may have threads
        return os.fork()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output path, in a folder that holds nothing else."""
    parent = tmp_path / "beside"
    parent.mkdir()
    return parent / "out"


@pytest.fixture
def litter(out: Path) -> Callable[[], list[str]]:
    """What stands beside the output: nothing, when all is well."""
    return lambda: sorted(name for name in os.listdir(out.parent) if name != out.name)


@pytest.fixture
def build() -> Callable[..., Published]:
    return build_site


@pytest.fixture
def read() -> Callable[[Path], dict[str, bytes | str]]:
    return read_site


@pytest.fixture
def stage() -> Callable[[OutputDirectory, Files], None]:
    return stage_site


@pytest.fixture
def child() -> Callable[[Callable[[], object]], int]:
    return run_in_child


@pytest.fixture
def forked() -> Callable[[], int]:
    return fork
