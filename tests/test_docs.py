"""The documentation is run: its files become a project, its commands are typed there.

A fenced block whose first line names a file (``python app/feed.xml/route.py``) becomes that file. A
``console`` block is run, a line ``$ command`` at a time, and its output compared: ``…`` stands for any
text, and seconds and sizes may differ. A heading of the second level begins a new project, but for one
of README, which is one story.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in CHECKOUT.glob("docs/*.md"))]


class Block(NamedTuple):
    """One fenced block."""

    language: str
    name: str
    text: str
    line: int


def blocks_of(text: str) -> list[Block]:
    found = []
    for match in re.finditer(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        found.append(Block(match[1], match[2].strip(), match[3], text.count("\n", 0, match.start()) + 1))
    return found


def stories_of(page: str) -> list[tuple[str, list[Block]]]:
    text = CHECKOUT.joinpath(page).read_text(encoding="utf-8")
    if page == "README.md":
        return [(page, blocks_of(text))]
    stories = []
    line = 1
    for part in re.split(r"^(?=## )", text, flags=re.MULTILINE):
        title = part.splitlines()[0].lstrip("# ") if part else ""
        blocks = [block._replace(line=block.line + line - 1) for block in blocks_of(part)]
        line += part.count("\n")
        if any(block.name or block.language == "console" for block in blocks):
            stories.append((f"{page}: {title}", blocks))
    return stories


STORIES = [story for page in PAGES if CHECKOUT.joinpath(page).is_file() for story in stories_of(page)]


@pytest.mark.parametrize("story", [pytest.param(blocks, id=title) for title, blocks in STORIES])
def test_examples_do_what_they_say(story, project):
    site = project(name="site")
    for block in story:
        if block.language == "console":
            for command, expected in commands_of(block.text):
                done = run(site, command)
                shown = done.stdout + done.stderr
                assert matches(expected, shown), (
                    f"line {block.line}: {command}\n--- said\n{shown}\n--- documented\n{expected}"
                )
        elif block.name:
            assert re.fullmatch(r"[\w.()\[\]/%-]+", block.name), block
            site.write({block.name: block.text})


def commands_of(text: str):
    command, expected = None, []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, "\n".join(expected)
            command, expected = line[2:], []
        else:
            expected.append(line)
    assert command is not None, f"a console block begins with a command: {text}"
    yield command, "\n".join(expected)


def run(site, command: str):
    import subprocess
    import sys

    words = shlex.split(command)
    if words[0] == "staticroutes":
        return site.run(*words[1:])
    assert words[0] in ("python", "cat", "echo"), f"what is {words[0]}?"
    if words[0] == "python":
        words[0] = sys.executable
    from types import SimpleNamespace

    done = subprocess.run(
        words,
        cwd=site.folder,
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return SimpleNamespace(stdout=done.stdout, stderr=done.stderr, code=done.returncode)


def matches(expected: str, shown: str) -> bool:
    """Whether the output is the documented one, up to spaces, times and sizes."""

    def plain(text: str) -> str:
        text = re.sub(r"\b\d+\.\d\d s\b", "0.00 s", text)
        text = re.sub(r"[\d.]+ (B|kB|MB)\b", "0 B", text)
        return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())

    pattern = ".*?".join(re.escape(part) for part in plain(expected).split("…"))
    return re.fullmatch(pattern, plain(shown), re.DOTALL) is not None


def test_there_are_examples():
    assert len(STORIES) > 10
    assert all(CHECKOUT.joinpath(page).is_file() for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = CHECKOUT.joinpath(page).read_text(encoding="utf-8")
    folder = CHECKOUT.joinpath(page).parent
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if "://" not in target:
            assert (folder / target).exists(), f"{page}: {target}"


def _documented(page: str) -> str:
    return CHECKOUT.joinpath("docs", page).read_text(encoding="utf-8")


def test_every_option_is_documented(project):
    text = _documented("command-line.md")
    site = project()
    for command in ([], ["build"], ["routes"], ["explain"]):
        shown = site.run(*command, "--help").stdout
        for option in re.findall(r"^  (?:-\w, )?(--?[\w-]+)", shown, re.MULTILINE):
            assert f"`{option}" in text, f"{' '.join(command)} {option}"


def test_every_command_is_documented(project):
    shown = project().run("--help").stdout
    commands = re.findall(r"^  (\w+)  ", shown.partition("Commands:")[2], re.MULTILINE)
    assert "build" in commands
    for command in commands:
        assert f"staticroutes {command}" in _documented("command-line.md"), command


def test_every_configuration_key_is_documented():
    from dataclasses import fields

    from staticroutes.config import Budgets, Config

    text = _documented("configuration.md")
    for field in [*fields(Config), *fields(Budgets)]:
        if field.name not in ("budgets", "routes"):
            assert f"`{field.name}`" in text, field.name


def test_every_segment_option_is_documented():
    from staticroutes.routing.options import OPTIONS

    text = _documented("handlers.md") + _documented("static-or-dynamic.md")
    for name in OPTIONS:
        assert f"`{name}`" in text, name


def test_every_public_name_is_documented():
    import staticroutes

    text = "".join(CHECKOUT.joinpath(page).read_text(encoding="utf-8") for page in PAGES)
    for name in staticroutes.__all__:
        if not name.startswith("__"):
            assert re.search(rf"\b{name}\b", text), name


def test_every_reason_is_documented():
    text = _documented("static-or-dynamic.md")
    codes = "request-time unstable-input force-dynamic revalidate-0 no-static-params method set-cookie"
    for code in [*codes.split(), "dynamic-params"]:
        assert f"`{code}`" in text, code
