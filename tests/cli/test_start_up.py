"""What a command imports: seconds are measured elsewhere, here it is counted."""

# ruff: noqa: E501  (route files and tables stand in one line)
from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "asyncio",
    "jinja2",
    "yaml",
    "feedgen",
    "lxml",
    "subprocess",
    "email",
    "http.client",
    "urllib.request",
    "tomllib",
}


def imported(site, *arguments: str) -> set[str]:
    script = (
        "import sys\n"
        f"sys.argv = ['staticroutes', *{list(arguments)!r}]\n"
        "from staticroutes.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\n'.join(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=site.folder,
        env=site.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_imports_nothing_heavy(project, arguments):
    found = imported(project(), *arguments)
    assert "staticroutes.cli" in found
    assert found & HEAVY == set()
    ours = {name for name in found if name.startswith("staticroutes.")}
    assert ours <= {
        "staticroutes._version",
        "staticroutes.cli",
        "staticroutes.cli.streams",
        "staticroutes.errors",
        "staticroutes.__main__",
    }


def test_importing_the_package_imports_nothing_heavy(project):
    script = "import sys, staticroutes; from staticroutes import Request, Response, RouteContext; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project().folder,
        env=project().environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) & HEAVY == set()
