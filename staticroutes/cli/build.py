"""``staticroutes build``."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from staticroutes.builder import BuildResult
from staticroutes.cli import Globals
from staticroutes.cli.guard import Isolation, gave_up, guarded
from staticroutes.cli.streams import complain, say, stdout_of_ours
from staticroutes.prerender.planning import Warned
from staticroutes.report import (
    as_json,
    failure_text,
    github_annotations,
    github_summary,
    route_table,
    warning_text,
    ways_out,
)
from staticroutes.site import Site


@click.command()
@click.option("--out", metavar="DIR", help="The output directory; out without it.")
@click.option("--base-url", metavar="URL", help="Scheme and host, such as https://example.com.")
@click.option("--jobs", metavar="N", help="Worker processes at the most; one for each processor without it.")
@click.option(
    "--only", metavar="PATTERN", help="Build the URL paths that match; the others stay as they were."
)
@click.option("--no-cache", is_flag=True, help="Use nothing that an earlier build has kept.")
@click.option("--strict", is_flag=True, default=None, help="Let warnings fail the build.")
@click.option(
    "--verify", is_flag=True, help="Build twice, under another clock, hash seed and time zone; compare."
)
@click.option("--force", is_flag=True, help="Build into a directory that staticroutes did not make.")
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
@click.pass_obj
def command(
    settings: Globals,
    out: str | None,
    base_url: str | None,
    jobs: str | None,
    only: str | None,
    no_cache: bool,
    strict: bool | None,
    verify: bool,
    force: bool,
    dry_run: bool,
    wants_json: bool,
    quiet: bool,
) -> int:
    """Build the site into the output directory."""
    started = time.perf_counter()
    overrides = {"base_url": base_url, "jobs": jobs, "strict": strict}
    site = Site.load(".", config=overrides, config_file=settings.config, environ=os.environ)
    shows = not (quiet or settings.is_quiet)

    def build(isolation: Isolation, note: Callable[[str], None], pulse: Callable[[bool], None]) -> int:
        # What is loaded stays and need not be looked at again; a build makes few cycles and keeps much.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()
        with stdout_of_ours() as stdout, contextlib.ExitStack() as stack:
            against = None
            if verify:
                from staticroutes.verify import second_build

                again = _arguments(settings, base_url, only)
                against = stack.enter_context(second_build(again, ".", os.environ))
            progress = site.iter_build(
                out,
                force=force,
                only=only,
                dry_run=dry_run,
                against=against,
                isolation=isolation,
                gave_up=gave_up,
                note=note,
                pulse=pulse,
            )
            result, count = _watched(progress, shows=shows and not wants_json)
            if only is not None and not count and result.ok:
                result.warnings.append(
                    Warned(f"--only {only} matches no URL", None, "it is a glob over URL paths: /blog/*")
                )
            seconds = time.perf_counter() - started
            try:
                if wants_json:
                    say(as_json(result), stdout)
                elif shows and result.manifest:
                    say(route_table(result, seconds, dry_run=dry_run), stdout)
                    if settings.verbosity > 0 and (hints := ways_out(result)):
                        say(hints, stdout)
            finally:
                _complain(result, quiet=not shows)
                _tell_github(result, seconds)
        return 0 if result.ok else 1

    return guarded(build, limit=5 * site.config.timeout, silence=site.config.timeout + 5)


def _watched(progress: Any, *, shows: bool) -> tuple[BuildResult, int]:
    """Run a build to its end, with a progress bar on a terminal; its result and the count of outcomes."""
    ended: list[BuildResult] = []

    def outcomes() -> Iterator[Any]:
        ended.append((yield from progress))

    count = 0
    if shows and sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        with click.progressbar(
            outcomes(), label="Prerendering", file=sys.stderr, show_pos=True, update_min_steps=100
        ) as bar:
            for _ in bar:
                count += 1
    else:
        for _ in outcomes():
            count += 1
    return ended[0], count


def _complain(result: BuildResult, *, quiet: bool) -> None:
    for warning in result.warnings:
        if not quiet:
            complain("warning", warning_text(warning))
    for failure in result.failures:
        complain("error", failure_text(failure))
    if result.failures:
        count = len(result.failures)
        said = f"{count} failures" if count != 1 else "1 failure"
        say(f"{said}; {_shown(result.directory)} is as it was", sys.stderr)


def _tell_github(result: BuildResult, seconds: float) -> None:
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    folder = os.path.relpath(".", os.environ.get("GITHUB_WORKSPACE") or ".").replace(os.sep, "/")
    for annotation in github_annotations(result, "" if folder.startswith(".") else f"{folder}/"):
        say(annotation, sys.stderr)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with open(summary, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(github_summary(result, seconds))
        except OSError as error:
            complain("warning", f"the job summary cannot be written: {error.strerror}")


def _arguments(settings: Globals, base_url: str | None, only: str | None) -> list[str]:
    """The command line of the second build of ``--verify``."""
    arguments = ["--config", settings.config] if settings.config else []
    arguments += ["build"]
    for name, value in (("--base-url", base_url), ("--only", only)):
        arguments += [name, value] if value else []
    return arguments


def _shown(path: str) -> str:
    shown = os.path.relpath(path)
    return path if shown.startswith("..") else shown
