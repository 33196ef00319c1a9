"""One broken site for each message: ``broken_sites/<mistake>/``, and what is said of it, ``error.txt``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SITES = Path(__file__).parent / "broken_sites"
NAMES = sorted(path.name for path in SITES.iterdir() if path.is_dir())


def errors_in(stderr: str) -> str:
    """The errors with their hints; without warnings, tracebacks and the closing line."""
    said = []
    keeps = False
    for line in stderr.splitlines():
        if line.startswith("error:"):
            keeps = True
        elif line.startswith(("warning:", "  Traceback")) or not line.startswith("  "):
            keeps = False
        if keeps:
            said.append(line)
    return "".join(line + "\n" for line in said)


@pytest.mark.parametrize("name", NAMES)
def test_the_message_says_what_where_and_what_to_do(name: str, project: Callable[..., Any]) -> None:
    site = project()
    shutil.copytree(SITES / name, site.folder, dirs_exist_ok=True)
    done = site.refused(code=1)
    assert errors_in(done.stderr) == (SITES / name / "error.txt").read_text(encoding="utf-8")
    assert not site.out.exists()


def test_every_message_names_a_file_of_the_site() -> None:
    for name in NAMES:
        for block in (SITES / name / "error.txt").read_text(encoding="utf-8").split("error: ")[1:]:
            files = [
                path for path in (SITES / name).rglob("*") if path.is_file() or set("[]") & set(path.name)
            ]
            shown = [path.relative_to(SITES / name).as_posix() for path in files] + ["app: "]
            assert any(file in block for file in shown), block


def test_all_that_is_wrong_is_said_in_one_run(project: Callable[..., Any]) -> None:
    """Names, conflicts, imports, options and misspelt names of several files, before any handler runs."""
    site = project()
    shutil.copytree(SITES / "several-problems", site.folder, dirs_exist_ok=True)
    site.write({"app/fine/route.py": "def GET():\n    open('called', 'w').close()\n    return ''\n"})
    done = site.refused(code=1)
    for said in (
        "app/[:",
        "app/[b]/route.py",
        "one/route.py:1",
        "one/route.py:2",
        "one/route.py:5",
        "two",
        "three",
    ):
        assert said in done.stderr
    assert not (site.folder / "called").exists()


def test_warnings_alone_do_not_fail(project: Callable[..., Any]) -> None:
    site = project({"app/a/route.py": "def GET(): return {}", "app/b/routes.py": ""})
    done = site.built()
    assert "warning: app/b/routes.py is no route file; did you mean route.py?" in done.stderr
    assert site.build("--strict").code == 1


def test_no_app_folder_is_a_usage_error(project: Callable[..., Any]) -> None:
    done = project({"readme.txt": ""}, name="mine").refused(code=2)
    assert errors_in(done.stderr) == (
        "error: there is no app folder in mine\n"
        "  hint: make app/hello.json/route.py with: def GET(): return {'hello': 'world'};"
        " or name the project: -C DIR\n"
    )


def test_an_app_folder_without_routes_is_enough_beside_public(project: Callable[..., Any]) -> None:
    site = project({"app/": "", "public/a.txt": "a"})
    site.built()
    assert site.files() == {"a.txt": b"a"}
