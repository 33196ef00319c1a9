"""Read this first: the whole way from route files to a published site.

    discover → load → plan → prerender → artifacts → write → manifest

Each step takes values and gives new ones. User code runs in ``load`` (imports), ``plan``
(``generate_static_params``) and ``prerender`` (handlers); files are written to a stage beside the
output directory, which takes its place in one step at the end, or not at all.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Literal

from staticroutes.errors import OutputError, PathError, StaticRoutesError
from staticroutes.ledger import Clash, Ledger, RouteAccount, matches_only
from staticroutes.output.artifacts import Row, RowMaker, check_file, make_artifact, settled
from staticroutes.output.directory import OutputDirectory, Published
from staticroutes.output.manifest import MANIFEST, OUTPUTS, encode_manifest, load_manifest
from staticroutes.output.previous_outputs import previous_rows
from staticroutes.output.public import PublicFile, public_files
from staticroutes.prerender.lanes import Item, Lanes
from staticroutes.prerender.outcomes import Dynamic, Failed, Job, Outcome, Prerendered, Reason, Unsure
from staticroutes.prerender.planning import Left, Planner, Warned
from staticroutes.prerender.rendering import Renderer, RenderSettings, run_after
from staticroutes.prerender.tracking import WATCH
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
    against: str | None = None
    """An output directory that was built under other conditions, to compare with (``--verify``)."""
    isolation: Literal["workers", "none", "guarded"] = "workers"
    """``workers``: handlers run in processes of their own, so that one that hangs or crashes costs its
    URL alone. ``none``: in this process. ``guarded``: in this process, which somebody watches and who
    builds again with ``workers`` when it ends before its time."""
    gave_up: Callable[[], None] | None = None
    """Under ``guarded``: ends this process, because a handler in it cannot be ended."""
    note: Callable[[str], None] = lambda what: None
    """Told before user code runs outside of handlers (imports, generate_static_params), and ``""`` after."""
    pulse: Callable[[bool], None] = lambda beats: None
    """Under ``guarded``: told True many times a second while handlers run, and False when they have ended."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did. ``ok`` is True when the site is complete (and, but for a dry run, published)."""

    ok: bool
    outputs: list[Row]
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


Progress = Row | Dynamic | Failed


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
        loaded = load_project(project, options.note)  # discover → load
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
            for row in _brought(public.files, producer, ledger, options.only):
                ledger.note(row)
            planner = Planner(loaded.table, project.code, options.note, limit=5 * config.timeout)
            jobs = _jobs(planner, ledger, options.only)  # plan
            outcomes = prerender(jobs, producer, project, options)  # prerender → artifacts → write
            forgives = config.on_error == "warn"
            for outcome in chain(outcomes, _settled(ledger, directory)):
                ledger.note(_forgiven(outcome) if forgives else outcome)
                if not isinstance(outcome, Clash):
                    yield outcome
            producer.restore()
            ledger.close(config.budgets, strict=config.strict)

            previous = load_manifest(out) if options.only is not None else None
            manifest = describe(ledger, config, loaded.table, previous)
            _write_manifest(directory, ledger, manifest)  # manifest
            if options.against is not None and not ledger.failures:
                ledger.failures += _differences(directory, options.against)
            published = None
            if not ledger.failures and not options.dry_run:
                published = directory.publish(force=options.force, staged=ledger.records.count + 2)
            return _result(ledger, manifest, directory.path, published)
        finally:
            directory.discard()
            ledger.records.close()


class Producer:
    """A finished outcome to a written file: response → artifact → file → row. Also in the workers."""

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
        self.directory = directory
        self._umask = os.umask(0o022)
        self.restore()

    def restore(self) -> None:
        """Set the process's umask to what it was: a handler may have changed it, and files are written."""
        os.umask(self._umask)

    def produce(self, item: Item, outcome: Outcome) -> Row | Dynamic | Failed | Unsure | Clash | OutputError:
        """What to book for an outcome. An OutputError is one of the disk: the build ends with it."""
        if not isinstance(outcome, Prerendered):
            return outcome
        job, response, after = outcome
        number = job.route
        artifact = make_artifact(job.decoded, response, self._trailing_slash, self._may_need_folder[number])
        file = artifact.file
        self.restore()
        try:
            if len(file) > 50 or file[0] == "_":  # a shorter one has no name that could be too long
                check_file(file)
            if item.is_repeat:
                self.directory.overwrite(file, artifact.body)
            else:
                self.directory.write(file, artifact.body)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return Clash(job.path, file, number)
        except PathError as error:
            return Failed(job.path, self._sources[number], job.params, error.message, None, error.hint)
        except OutputError as error:
            return error
        row = self.rows.make(number, job.path, artifact, response.status, response.headers)
        if after:
            return run_after(after, job, self.renderer) or row
        return row

    def died(self, job: Job, message: str, hint: str) -> Failed:
        """The outcome of a job that ended its process."""
        return Failed(job.path, self._sources[job.route], job.params, message, None, hint)


def can_fork() -> bool:
    """True where worker processes can be forked safely: a POSIX system, and no other threads."""
    return hasattr(os, "fork") and threading.active_count() == 1


def prerender(
    jobs: Iterator[Job], producer: Producer, project: Project, options: BuildOptions
) -> Iterator[Row | Dynamic | Failed | Clash]:
    """Every job's outcome, written.

    Where it may (``isolation``), this process calls the handlers itself until their cost is known, and
    goes on so while they are quick or wait for something; for handlers that compute, worker processes
    take over, as many as there are processors.
    """
    config = project.config
    most = config.jobs or os.cpu_count() or 1
    may_fork = options.isolation != "none" and can_fork()
    producer.renderer.is_shielded = may_fork

    def work(feed: Any, sender: Any) -> None:
        Lanes(
            producer.renderer,
            lambda item, outcome: sender.send(item.number, producer.produce(item, outcome)),
            concurrency=config.concurrency,
            tick=sender.tick,
            gave_up=sender.leave,
        ).run(feed)

    def in_workers(jobs: Iterator[Job]) -> Iterator[tuple[Job, Any]]:
        from staticroutes.prerender.workers import Died, run_in_workers  # pickle and more, where needed

        for job, result in run_in_workers(jobs, work, max_workers=most, timeout=config.timeout):
            yield job, producer.died(job, *result) if isinstance(result, Died) else result

    def results(jobs: Iterator[Job]) -> Iterator[tuple[Job, Any]]:
        if options.isolation == "workers" and may_fork:
            yield from in_workers(jobs)
            return
        for done, is_heavy in _here(jobs, producer, config.concurrency, options):
            yield from done
            if is_heavy and most > 1 and may_fork:
                yield from in_workers(jobs)
                return

    WATCH.start()
    try:
        unsure: list[Job] = []
        for job, result in results(jobs):
            if type(result) is Row:
                yield result
            elif isinstance(result, StaticRoutesError):
                raise result
            elif isinstance(result, Unsure):
                unsure.append(job)
            else:
                yield result
        for job in unsure:
            for _, result in results(iter([job])):
                if isinstance(result, StaticRoutesError):
                    raise result
                yield result if not isinstance(result, Unsure) else Dynamic(job, _UNSURE)
    finally:
        WATCH.stop()


_UNSURE = Reason(
    "unstable-input",
    "a thread used the network, the clock or randomness, and which handler it works for cannot be told",
    None,
    "start it with asyncio.to_thread, or give it the context: contextvars.copy_context().run",
)
_LOOK_AT_COST = 0.05
"""Seconds of processor time after which the cost of a job is known well enough."""
_HEAVY = 0.0002
"""Seconds of processor time for one job from which sending it to a worker pays: sending costs some
10 µs, and what is left of a small job is mostly the file system, which workers share."""


def _here(
    jobs: Iterator[Job], producer: Producer, concurrency: int, options: BuildOptions
) -> Iterator[tuple[list[tuple[Job, Any]], bool]]:
    """Call the handlers in this process; gives results some at a time, and whether a job computes long."""
    numbers = count(1)
    exhausted = False
    results: list[tuple[Job, Any]] = []
    produce = producer.produce

    def deliver(item: Item, outcome: Outcome) -> None:
        results.append((item.job, produce(item, outcome)))

    def some(began: float) -> Iterator[Item]:
        nonlocal exhausted
        new: Any = tuple.__new__  # see rendering: made once for every output
        for taken, job in enumerate(jobs):
            yield new(Item, (next(numbers), job, False))
            # Often at first, so that a few long jobs are noticed, then seldom: looking costs a little.
            if (taken & (taken + 1) == 0 or taken & 63 == 63) and (
                time.process_time() - began > _LOOK_AT_COST or taken >= 4095
            ):
                return
        exhausted = True

    lanes = Lanes(
        producer.renderer,
        deliver,
        concurrency=concurrency,
        gave_up=options.gave_up,
        tick=lambda: options.pulse(True),
    )
    looks_heavy = was_heavy = False
    while not exhausted:
        # Twice in a row: what is loaded at the first call is not the cost of every call.
        was_heavy = looks_heavy
        began = time.process_time()
        options.pulse(True)
        lanes.run(some(began))
        options.pulse(False)
        done, results = results, []
        looks_heavy = (time.process_time() - began) / max(len(done), 1) > _HEAVY
        if exhausted or (looks_heavy and was_heavy):
            lanes.close()
        yield done, looks_heavy and was_heavy and not exhausted


def _jobs(planner: Planner, ledger: Ledger, only: str | None) -> Iterator[Job]:
    """The jobs of the plan; everything else that the plan says is booked."""
    for planned in planner.plan():
        if type(planned) is Job:
            if only is None or matches_only(planned.path, only):
                yield planned
        elif isinstance(planned, Left):
            ledger.accounts[planned.route].left = planned.reason
        elif isinstance(planned, (Failed, Warned)):
            ledger.note(planned)


def _forgiven(outcome: Row | Dynamic | Failed | Clash) -> Row | Dynamic | Failed | Clash | Warned:
    """Under ``on_error: warn`` a URL that fails is left out, and said."""
    if isinstance(outcome, Failed):
        return Warned(f"{outcome.path} is left out: {outcome.message}", outcome.at, outcome.hint)
    return outcome


def _settled(ledger: Ledger, directory: OutputDirectory) -> Iterator[Row]:
    """``api/items/index.json`` becomes ``api/items`` where no other output needs the folder."""
    for row in ledger.unsettled():
        if row.plain_file is not None and directory.is_lonely(row.file):
            directory.move(row.file, row.plain_file)
            yield settled(row)
        else:
            ledger.notes.append(f"{row.path} is written to {row.file}, because other outputs lie below it")
            yield row._replace(plain_file=None)


def _brought(
    public: list[PublicFile], producer: Producer, ledger: Ledger, only: str | None
) -> Iterator[Row | Clash]:
    """What comes into the stage without a handler: the public folder, and with ``--only`` the outputs of
    the last build that it does not ask for."""
    directory = producer.directory
    for file in public:
        number = len(ledger.accounts)
        ledger.accounts.append(RouteAccount(file.pattern, file.source, "public"))
        try:
            size, digest = directory.copy(file.disk_path, file.file)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            yield Clash(file.path, file.file, number)
        else:
            yield producer.rows.make_copied(number, file.path, file.file, size, digest, 200, file.headers)
    if only is not None:
        numbers = {one.pattern: at for at, one in enumerate(ledger.accounts) if one.kind != "public"}
        listed = os.path.join(directory.path, *OUTPUTS.split("/"))
        for path, name, pattern, size, line in previous_rows(listed):
            if pattern in numbers and not matches_only(path, only) and directory.keep(name):
                yield Row(path, name, numbers[pattern], size, line, None, pattern)


def _differences(directory: OutputDirectory, other: str) -> list[Failed]:
    from staticroutes.verify import differences  # subprocess and tempfile, for --verify alone

    return differences(directory.stage, other)


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
    """Whether a folder of ``public/`` lies where a route's URL would be a file."""
    if not any(folders):
        return False
    import re

    matches = re.compile(regex).fullmatch
    return any(
        matches("/" + "/".join(parts[:length]))
        for folder in folders
        for parts in [folder.split("/")]
        for length in range(1, len(parts) + 1)
    )
