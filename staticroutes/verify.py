"""``build --verify``: is the output made of the inputs alone?

The site is built once more in another process, with another clock, hash seed and time zone, and the
two outputs are compared. What differs was read from where a build should not read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from staticroutes.errors import ConfigError, StaticRoutesError
from staticroutes.output.manifest import OUTPUTS, load_manifest
from staticroutes.output.previous_outputs import previous_rows
from staticroutes.prerender.outcomes import Failed

CLOCK_VARIABLE = "_STATICROUTES_CLOCK_AHEAD"
_AHEAD = 400 * 86400 + 12345
"""Seconds: another year, month, day, weekday and hour."""


@contextmanager
def second_build(arguments: Sequence[str], folder: str, environ: Mapping[str, str]) -> Iterator[str]:
    """The output of ``staticroutes ARGUMENTS`` under other conditions, while the block runs.

    ``arguments`` end in the build command without ``--out``. Raises ConfigError where the clock cannot
    be set ahead, StaticRoutesError where the build fails under those conditions.
    """
    try:
        import time_machine  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "--verify needs the time-machine package", hint="pip install 'staticroutes[verify]'"
        ) from error
    with tempfile.TemporaryDirectory(prefix="staticroutes-verify-") as temporary:
        out = os.path.join(temporary, "out")
        other = {
            **environ,
            CLOCK_VARIABLE: str(_AHEAD),
            "PYTHONHASHSEED": "4242" if environ.get("PYTHONHASHSEED") != "4242" else "2424",
            "TZ": "Pacific/Kiritimati" if environ.get("TZ") != "Pacific/Kiritimati" else "Pacific/Midway",
        }
        other.pop("GITHUB_ACTIONS", None)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "staticroutes", *arguments, "--out", out, "--quiet"],
            cwd=folder,
            env=other,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise StaticRoutesError(
                f"with another clock, hash seed and time zone the build fails:\n{done.stderr.strip()}",
                hint="see whether it succeeds without --verify; if so, something depends on one of them",
            )
        yield out


def set_clock_ahead() -> None:
    """In the process of the second build: let the clock tell a later time."""
    ahead = os.environ.pop(CLOCK_VARIABLE, None)
    if ahead:
        import time

        import time_machine

        time_machine.travel(time.time() + int(ahead), tick=True).start()


def differences(directory: str, other: str) -> list[Failed]:
    """A failure for each output that differs between two directories, with the first differing lines."""
    failures = []
    mine, theirs = _rows(directory), _rows(other)
    for path in sorted({*mine, *theirs}):
        if path not in mine or path not in theirs:
            where = "only with the other" if path not in mine else "only with this"
            failures.append(_unstable(path, f"is an output {where} clock, hash seed and time zone"))
            continue
        (file, route, line), (other_file, _, other_line) = mine[path], theirs[path]
        if line == other_line:
            continue
        first = _first_difference(os.path.join(directory, file), os.path.join(other, other_file))
        failures.append(_unstable(path, first or "has other headers or another status", route))
    if not failures:
        before, after = load_manifest(directory) or {}, load_manifest(other) or {}
        if before != after:
            failures.append(
                _unstable("", "the manifests differ: a route is static under one and dynamic under the other")
            )
    return failures


def _rows(directory: str) -> dict[str, tuple[str, str, str]]:
    listed = previous_rows(os.path.join(directory, *OUTPUTS.split("/")))
    return {path: (file, route, line) for path, file, route, _, line in listed}


def _first_difference(file: str, other: str) -> str | None:
    with open(file, "rb") as left, open(other, "rb") as right:
        for number, (one, two) in enumerate(_pairs(left, right), 1):
            if one != two:
                return (
                    f"differs under another clock, hash seed and time zone, first in line {number}:\n"
                    f"    {_shown(one, two)}\n    {_shown(two, one)}"
                )
    return None


def _pairs(left: Iterator[bytes], right: Iterator[bytes]) -> Iterator[tuple[bytes | None, bytes | None]]:
    while True:
        one, two = next(left, None), next(right, None)
        if one is None and two is None:
            return
        yield one, two


def _shown(line: bytes | None, other: bytes | None) -> str:
    """The part of a line around where it begins to differ."""
    if line is None:
        return "(ends here)"
    start = next((at for at, (a, b) in enumerate(zip(line, other or b"", strict=False)) if a != b), 0)
    cut = max(0, start - 60)
    text = line[cut : start + 60].decode("utf-8", "backslashreplace").rstrip("\n")
    return f"{'…' if cut else ''}{text}{'…' if len(line) > start + 60 else ''}"


def _unstable(path: str, message: str, source: str = "") -> Failed:
    hint = "sort sets, give dates and random numbers a fixed source (SOURCE_DATE_EPOCH, a seed)"
    return Failed(path, source, {}, message, None, hint)
