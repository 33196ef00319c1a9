"""Read this first: the whole way from route files to a published site.

    discover → load → plan → prerender → artifacts → write → manifest

Each step takes values and gives new ones. User code runs in ``load`` (imports), ``plan``
(``generate_static_params``) and ``prerender`` (handlers); files are written to a stage beside the
output directory, which takes its place in one step at the end, or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from staticroutes.errors import OutputError, PathError, StaticRoutesError
from staticroutes.ledger import Clash, Ledger, RouteAccount, matches_only
from staticroutes.output.artifacts import Row, RowMaker, check_file, make_artifact, settled
from staticroutes.output.directory import OutputDirectory, Published
from staticroutes.output.manifest import MANIFEST, OUTPUTS, encode_manifest, load_manifest
from staticroutes.output.previous_outputs import previous_rows
from staticroutes.output.public import PublicFile, public_files
from staticroutes.prerender.lanes import Item, Lanes
from staticroutes.prerender.outcomes import Dynamic, Failed, Job, Outcome, Prerendered
from staticroutes.prerender.planning import Left, Planner, Warned
from staticroutes.prerender.rendering import Renderer, RenderSettings, run_after
from staticroutes.prerender.tracking import WATCH
from staticroutes.prerender.workers import Died, can_fork, run_in_workers
from staticroutes.project import Loaded, Project, load_project
from staticroutes.routing.table import RouteTable
from staticroutes.summary import describe


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What one build is asked for, beyond the configuration."""

    force: bool = False
    """Write into a directory that we did not make."""
    only: str | None = None
    """A glob over URL paths; the other outputs stay as they were."""
    dry_run: bool = False
    """Do everything but publish."""
    in_process: bool = False
    """Render in this process, without workers."""
    against: str | None = None
    """An output directory that was built under other conditions, to compare with (``--verify``)."""


class Output(NamedTuple):
    """One output of a build."""

    path: str
    file: str
    route: str
    """The pattern."""
    size: int


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did. ``ok`` is True when the site is complete (and, but for a dry run, published)."""

    ok: bool
    outputs: list[Output]
    dynamic: list[dict[str, Any]]
    """The manifest's rows of what is left for request time."""
    failures: list[Failed]
    warnings: list[Warned]
    notes: list[str]
    manifest: dict[str, Any]
    directory: str
    accounts: list[RouteAccount]
    """Each route's part: outputs, bytes, what was left."""
    published: Published | None = None


Progress = Output | Dynamic | Failed


def iter_build(
    project: Project, out: str, options: BuildOptions | None = None
) -> Generator[Progress, None, BuildResult]:
    """Build a site into ``out``; yields every outcome as it comes and returns the BuildResult.

    A URL that fails is an outcome, not an exception. Raises ConfigError and OutputError for what keeps
    a build from starting or from being written.
    """
    options = options or BuildOptions()
    config = project.config
    with project.imports.active():
        loaded = load_project(project)  # discover → load
        public = public_files(project.public_dir, project.folder)
        ledger = Ledger(loaded.table.routes)
        errors = loaded.errors + public.errors + _static_conflicts(loaded, public.files)
        if errors:
            yield from _failed_at_start(errors, ledger)
            return _result(ledger, {}, out, None)
        ledger.warnings += [Warned(text) for text in loaded.warnings + public.warnings]

        directory = OutputDirectory.open(out, force=options.force, protect=project.protected())
        try:
            producer = Producer(project, loaded.table, directory, public.files)
            for copied in _copy_public(public.files, directory, ledger, producer.rows):
                yield from _booked(ledger, copied)
            if options.only is not None:
                _carry_over(options.only, directory, ledger, out)
            jobs = _jobs(Planner(loaded.table, project.code), ledger, options.only)  # plan
            for outcome in prerender(jobs, producer, project, options):  # prerender → artifacts → write
                if config.on_error == "warn" and isinstance(outcome, Failed):
                    outcome = Warned(
                        f"{outcome.path} is left out: {outcome.message}", outcome.at, outcome.hint
                    )
                yield from _booked(ledger, outcome)
            for row in ledger.unsettled():
                yield from _booked(ledger, _settle(row, directory))
            ledger.close(config.budgets, strict=config.strict)

            previous = load_manifest(out) if options.only is not None else None
            manifest = describe(ledger, config, loaded.table, previous)
            _write_manifest(directory, ledger, manifest)  # manifest
            if options.against is not None and not ledger.failures:
                from staticroutes.verify import differences

                ledger.failures += differences(directory.stage, options.against)
            published = None
            if not ledger.failures and not options.dry_run:
                published = directory.publish(force=options.force)
            return _result(ledger, manifest, directory.path, published)
        finally:
            directory.discard()
            ledger.records.close()


class Producer:
    """A finished outcome to a written file: response → artifact → file → row. Runs in the workers."""

    def __init__(
        self, project: Project, table: RouteTable[Any], directory: OutputDirectory, public: list[PublicFile]
    ) -> None:
        config = project.config
        routes = table.routes
        self.renderer = Renderer(
            routes,
            RenderSettings(
                project.code, config.base_url, config.base_path, config.cache_components, config.timeout
            ),
        )
        self.rows = RowMaker(
            [route.pattern.text for route in routes] + [file.pattern for file in public],
            [route.options.revalidate for route in routes] + [False] * len(public),
        )
        public_folders = {file.file.rpartition("/")[0] for file in public}
        self._may_need_folder = [
            table.has_children(route) or _covers(route.pattern.regex, public_folders) for route in routes
        ]
        self._sources = [route.source for route in routes]
        self._trailing_slash = config.trailing_slash
        self._directory = directory

    def produce(self, item: Item, outcome: Outcome) -> Row | Dynamic | Failed | Clash | StaticRoutesError:
        """What to book for an outcome. An error is one of the disk: the build ends with it."""
        if not isinstance(outcome, Prerendered):
            return outcome
        job, response, after = outcome
        artifact = make_artifact(
            job.decoded,
            response,
            trailing_slash=self._trailing_slash,
            may_need_folder=self._may_need_folder[job.route],
        )
        try:
            check_file(artifact.file)
            if item.is_repeat:
                self._directory.overwrite(artifact.file, artifact.body)
            else:
                self._directory.write(artifact.file, artifact.body)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return Clash(job.path, artifact.file, job.route)
        except PathError as error:
            return Failed(job.path, self._sources[job.route], job.params, error.message, None, error.hint)
        except OutputError as error:
            return error
        row = self.rows.make(job.route, job.path, artifact, response.status, response.headers)
        if after:
            failed = run_after(after, job, self.renderer)
            if failed is not None:
                return failed
        return row

    def died(self, job: Job, died: Died) -> Failed:
        """The outcome of a job that ended its process."""
        return Failed(job.path, self._sources[job.route], job.params, died.message, None, died.hint)


def prerender(
    jobs: Iterator[Job], producer: Producer, project: Project, options: BuildOptions
) -> Iterator[Row | Dynamic | Failed | Clash]:
    """Every job's outcome, written: in worker processes where they can be had, else in this one."""
    config = project.config

    def work(feed: Any, sender: Any) -> None:
        Lanes(
            producer.renderer,
            lambda item, outcome: sender.send(item.number, producer.produce(item, outcome)),
            concurrency=config.concurrency,
            tick=sender.tick,
            gave_up=sender.leave,
        ).run(feed)

    WATCH.start()
    try:
        if can_fork() and not options.in_process:
            results = run_in_workers(
                jobs, work, max_workers=config.jobs or os.cpu_count() or 1, timeout=config.timeout
            )
        else:
            results = _run_here(jobs, producer, config.concurrency)
        for job, result in results:
            if isinstance(result, Died):
                yield producer.died(job, result)
            elif isinstance(result, StaticRoutesError):
                raise result
            else:
                yield result
    finally:
        WATCH.stop()


def _run_here(jobs: Iterator[Job], producer: Producer, concurrency: int) -> Iterator[tuple[Job, Any]]:
    """The lanes in this process, some jobs at a time so that outcomes can be yielded in between."""
    number = 0
    while True:
        results: list[tuple[Job, Any]] = []
        items = []
        for job in jobs:
            number += 1
            items.append(Item(number, job))
            if len(items) == 1024:
                break
        if not items:
            return
        Lanes(
            producer.renderer,
            lambda item, outcome, results=results: results.append(
                (item.job, producer.produce(item, outcome))
            ),  # type: ignore[misc]
            concurrency=concurrency,
        ).run(iter(items))
        yield from results


def _jobs(planner: Planner, ledger: Ledger, only: str | None) -> Iterator[Job]:
    """The jobs of the plan; everything else that the plan says is booked."""
    for planned in planner.plan():
        if isinstance(planned, Job):
            if only is None or matches_only(planned.path, only):
                yield planned
        elif isinstance(planned, Left):
            ledger.accounts[planned.route].left = planned.reason
        else:
            ledger.note(planned)


def _booked(ledger: Ledger, outcome: Row | Dynamic | Failed | Clash | Warned) -> Iterator[Progress]:
    ledger.note(outcome)
    if type(outcome) is Row:
        if outcome.plain_file is None:
            yield Output(outcome.path, outcome.file, ledger.accounts[outcome.route].pattern, outcome.size)
    elif isinstance(outcome, (Dynamic, Failed)):
        yield outcome


def _forgiven(outcome: Row | Dynamic | Failed | Clash) -> Row | Dynamic | Failed | Clash | Warned:
    """Under ``on_error: warn`` a URL that fails is left out, and said."""
    if isinstance(outcome, Failed):
        return Warned(f"{outcome.path} is left out: {outcome.message}", outcome.at, outcome.hint)
    return outcome


def _settle(row: Row, directory: OutputDirectory) -> Row:
    """``api/items/index.json`` becomes ``api/items`` where no other output needs the folder."""
    if row.plain_file is not None and directory.is_lonely(row.file):
        directory.move(row.file, row.plain_file)
        return settled(row)
    return row._replace(plain_file=None)


def _copy_public(
    files: list[PublicFile], directory: OutputDirectory, ledger: Ledger, rows: RowMaker
) -> Iterator[Row | Clash]:
    for file in files:
        number = len(ledger.accounts)
        ledger.accounts.append(RouteAccount(file.pattern, file.source, "public"))
        try:
            size, digest = directory.copy(file.disk_path, file.file)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            yield Clash(file.path, file.file, number)
        else:
            yield rows.make_copied(number, file.path, file.file, size, digest, file.headers)


def _carry_over(only: str, directory: OutputDirectory, ledger: Ledger, out: str) -> None:
    """Keep the outputs of the last build that ``--only`` does not ask for."""
    numbers = {
        account.pattern: number for number, account in enumerate(ledger.accounts) if account.kind != "public"
    }
    for path, file, pattern, size, line in previous_rows(os.path.join(out, *OUTPUTS.split("/"))):
        if pattern in numbers and not matches_only(path, only) and directory.keep(file):
            ledger.note(Row(path, file, numbers[pattern], size, line))


def _write_manifest(directory: OutputDirectory, ledger: Ledger, manifest: dict[str, Any]) -> None:
    with directory.create(OUTPUTS) as stream:
        for row in ledger.records.sorted():
            stream.write(row.line.encode("utf-8"))
    directory.write(MANIFEST, encode_manifest(manifest))


def _static_conflicts(loaded: Loaded, public: list[PublicFile]) -> list[StaticRoutesError]:
    """Files of ``public/`` that stand where a route answers; for dynamic ones, writing tells."""
    by_path = {route.pattern.fill({})[1]: route for route in loaded.table.routes if not route.pattern.params}
    return [
        PathError(
            f"{file.source} and {by_path['/' + file.file].source} are both /{file.file}",
            hint="remove one of them, or rename it",
        )
        for file in public
        if "/" + file.file in by_path and "GET" in by_path["/" + file.file].handlers
    ]


def _failed_at_start(errors: list[StaticRoutesError], ledger: Ledger) -> Iterator[Failed]:
    for error in sorted(errors, key=lambda error: (error.where or error.message, error.message)):
        failed = Failed("", "", {}, error.message, error.where, error.hint)
        ledger.failures.append(failed)
        yield failed


def _result(
    ledger: Ledger, manifest: dict[str, Any], directory: str, published: Published | None
) -> BuildResult:
    return BuildResult(
        ok=not ledger.failures,
        outputs=[],
        dynamic=manifest.get("dynamic", []),
        failures=ledger.failures,
        warnings=ledger.warnings,
        notes=ledger.notes,
        manifest=manifest,
        directory=directory,
        accounts=ledger.accounts,
        published=published,
    )


def _covers(regex: str, folders: set[str]) -> bool:
    import re

    matches = re.compile(regex).fullmatch
    return any(
        matches("/" + "/".join(parts[:count]))
        for folder in folders
        for parts in [folder.split("/")]
        for count in range(1, len(parts) + 1)
    )
