"""Site: the library. Everything the command line does, without prints, signals or global state."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from staticroutes.builder import BuildOptions, BuildResult, Progress, iter_build
from staticroutes.config import Config
from staticroutes.errors import ConfigError, LoadError, SiteErrors, StaticRoutesError
from staticroutes.http.responses import Response
from staticroutes.http.urls import encode_path
from staticroutes.ledger import Ledger
from staticroutes.output.artifacts import Row, make_artifact
from staticroutes.prerender.lanes import Item, Lanes
from staticroutes.prerender.outcomes import Dynamic, Failed, Job, Outcome, Prerendered, Unsure
from staticroutes.prerender.planning import Planner, left_for_request_time
from staticroutes.prerender.rendering import Renderer, RenderSettings
from staticroutes.prerender.tracking import WATCH
from staticroutes.project import Loaded, Project, load_project
from staticroutes.routing.loading import Route as LoadedRoute
from staticroutes.routing.options import METHODS, OPTIONS
from staticroutes.routing.segments import Pattern


class Route:
    """A route without a file: ``Route("/x.json", GET=function, dynamic="auto")``.

    ``path`` is a pattern such as ``/api/items/[slug].json``; the keywords are what a route module would
    define: handlers by method, ``generate_static_params`` and the segment options. Raises RoutingError
    and LoadError for what a route file would be refused for.
    """

    def __init__(self, path: str, **values: Any) -> None:
        unknown = set(values) - {*METHODS, *OPTIONS, "generate_static_params"}
        if unknown:
            name = sorted(unknown)[0]
            raise LoadError(
                f"Route({path!r}) has no {name!r}", hint="GET=…, dynamic=…, generate_static_params=…"
            )
        if not path.startswith("/"):
            raise LoadError(f"Route({path!r}): a path starts with /", hint=f"/{path}")
        self.path = path
        self.loaded = LoadedRoute.of(
            Pattern.parse(path), f"Route({path!r})", values, where_of=lambda name: f"Route({path!r})"
        )


class RenderError(StaticRoutesError):
    """A URL that could not be rendered: unknown, dynamic, or failed."""


class Explanation(NamedTuple):
    """What ``explain`` says of one URL path."""

    path: str
    source: str | None = None
    """The route file; None where no route answers."""
    pattern: str | None = None
    params: Mapping[str, Any] | None = None
    outcome: Outcome | None = None
    because: str | None = None
    file: str | None = None
    """The file it would be written to."""
    hints: Sequence[str] = ()


class Site:
    """A site: a project folder, or routes given by the caller, or both.

    >>> site = Site(routes=[Route("/hello.json", GET=lambda: {"hello": "world"})])
    >>> site.render("/hello.json").text
    '{"hello":"world"}'
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        config: Mapping[str, Any] | Config | None = None,
        routes: Sequence[Route] = (),
    ) -> None:
        """``config`` holds the keys of staticroutes.yaml. Raises ConfigError."""
        self._folder = os.path.abspath(folder) if folder is not None else None
        self._config = config if isinstance(config, Config) else Config.load(None, config)
        self._routes = [route.loaded for route in routes]

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str] = ".",
        *,
        config: Mapping[str, Any] | None = None,
        config_file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Site:
        """The site of a project folder, with its configuration file; ``config`` wins over the file.

        ``environ`` is where ``STATICROUTES_…`` variables are looked up; nothing by default. No user
        code runs yet. Raises ConfigError.
        """
        path = os.path.abspath(folder)
        if not os.path.isdir(path):
            raise ConfigError(
                f"there is no folder {os.fspath(folder)}", hint="-C DIR names the project's folder"
            )
        loaded = Config.load(
            path, config, file=os.fspath(config_file) if config_file is not None else None, environ=environ
        )
        return cls(path, config=loaded)

    @property
    def config(self) -> Config:
        """The configuration."""
        return self._config

    def route(self, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator that adds a GET handler: ``@site.route("/search-index.json")``."""

        def add(handler: Callable[..., Any]) -> Callable[..., Any]:
            self._routes.append(Route(path, GET=handler, **options).loaded)
            return handler

        return add

    def build(self, out: str | os.PathLike[str] | None = None, **options: Any) -> BuildResult:
        """Build into ``out``, relative to the current directory; without it into the configured
        ``out_dir``. ``options`` are those of BuildOptions.

        A URL that fails is listed in ``result.failures``, and then nothing is published. Raises
        ConfigError and OutputError.
        """
        outputs: list[Row] = []
        progress = self.iter_build(out, **options)
        while True:
            try:
                outcome = next(progress)
            except StopIteration as end:
                result: BuildResult = end.value
                result.outputs.extend(sorted(outputs))
                return result
            if type(outcome) is Row and outcome.plain_file is None:
                outputs.append(outcome)

    async def abuild(self, out: str | os.PathLike[str] | None = None, **options: Any) -> BuildResult:
        """``build`` without blocking a running event loop."""
        import asyncio

        return await asyncio.to_thread(self.build, out, **options)

    def iter_build(
        self, out: str | os.PathLike[str] | None = None, **options: Any
    ) -> Generator[Progress, None, BuildResult]:
        """``build``, one outcome at a time: Row (an output), Dynamic or Failed; returns the BuildResult."""
        target = os.path.abspath(out) if out is not None else self._project().path(self._config.out_dir)
        if target is None:
            raise ConfigError(
                "a site without a folder needs to be told where to build", hint='site.build("out")'
            )
        return iter_build(self._project(), target, BuildOptions(**options))

    def render(self, path: str) -> Response:
        """The response of one URL path, rendered as a build would. Raises RenderError."""
        outcome = self.outcome(path)
        if isinstance(outcome, Prerendered):
            return outcome.response.to_response()
        if isinstance(outcome, Dynamic):
            raise RenderError(
                f"{path} is dynamic: {outcome.reason.message}",
                where=outcome.reason.at,
                hint=outcome.reason.hint,
            )
        raise RenderError(f"{path}: {outcome.message}", where=outcome.at, hint=outcome.hint)

    def declared(self) -> list[dict[str, Any]]:
        """The routes as they are declared, without calling a handler. Raises SiteErrors."""
        project = self._project()
        with project.imports.active():
            table = self._loaded(project).table
        rows = []
        for route in table.routes:
            reason = left_for_request_time(route)
            rows.append(
                {
                    "pattern": route.pattern.text,
                    "regex": route.pattern.regex,
                    "source": route.source,
                    "kind": route.kind,
                    "methods": route.methods,
                    "dynamic": route.options.dynamic,
                    "dynamic_params": route.options.dynamic_params,
                    "revalidate": route.options.revalidate,
                    "static_params": route.generate_static_params is not None,
                    "reason": None
                    if reason is None
                    else {
                        "code": reason.code,
                        "message": reason.message,
                        "at": reason.at,
                        "hint": reason.hint,
                    },
                }
            )
        return rows

    def explain(self, path: str) -> Explanation:
        """Which route answers a URL path, what becomes of it and why. The handler is called for it."""
        project = self._project()
        with project.imports.active():
            table = self._loaded(project).table
            parts = _parts(path)
            found = table.match(parts)
            if found is None:
                from difflib import get_close_matches

                near = get_close_matches(
                    "/" + "/".join(parts), [r.pattern.text for r in table.routes], 3, 0.6
                )
                hint = f"did you mean {', '.join(near)}?" if near else "staticroutes routes lists them all"
                return Explanation(path, hints=[hint])
            route, params = found
            hints = self._listing_hints(Planner(table, project.code), route, params)
            if hints and not route.options.dynamic_params:
                return Explanation(path, route.source, route.pattern.text, params, hints=hints)
            outcome = self.outcome(path)
            if isinstance(outcome, Prerendered) and table.has_children(route):
                hints.append("where other outputs lie below it, its file is the index of that folder")
            file = None
            if isinstance(outcome, Prerendered):
                file = make_artifact(
                    outcome.job.decoded,
                    outcome.response,
                    project.config.trailing_slash,
                    may_need_folder=False,
                ).file
            return Explanation(
                path, route.source, route.pattern.text, params, outcome, _because(route), file, hints
            )

    def outcome(self, path: str) -> Prerendered | Dynamic | Failed:
        """What becomes of one URL path. Raises RenderError where no route answers it."""
        project = self._project()
        with project.imports.active():
            table = self._loaded(project).table
            parts = _parts(path)
            found = table.match(parts)
            if found is None:
                raise RenderError(f"no route answers {path}", hint="staticroutes routes lists them all")
            route, params = found
            job = Job(
                table.routes.index(route), encode_path("/" + "/".join(parts)), "/" + "/".join(parts), params
            )
            reason = left_for_request_time(route)
            if reason is not None and not (
                reason.code == "no-static-params" and route.options.dynamic == "force-static"
            ):
                return Dynamic(job, reason)
            return self._run(project, table.routes, [job])[0]

    def render_all(self) -> dict[str, Response]:
        """Every static response by URL path, in memory. Raises SiteErrors with all that failed."""
        project = self._project()
        with project.imports.active():
            loaded = self._loaded(project)
            ledger = Ledger(loaded.table.routes)
            jobs: list[Job] = []
            for planned in Planner(loaded.table, project.code).plan():
                if isinstance(planned, Job):
                    jobs.append(planned)
                elif isinstance(planned, Failed):
                    ledger.note(planned)
            responses: dict[str, Response] = {}
            for outcome in self._run(project, loaded.table.routes, jobs):
                if isinstance(outcome, Prerendered):
                    responses[outcome.job.path] = outcome.response.to_response()
                elif isinstance(outcome, Failed):
                    ledger.note(outcome)
        if ledger.failures:
            raise SiteErrors(
                [RenderError(f"{f.path}: {f.message}", where=f.at, hint=f.hint) for f in ledger.failures]
            )
        return dict(sorted(responses.items()))

    def _project(self) -> Project:
        return Project(self._config, self._folder, list(self._routes))

    def _loaded(self, project: Project) -> Loaded:
        loaded = load_project(project)
        if loaded.errors:
            raise SiteErrors(loaded.errors)
        return loaded

    def _listing_hints(self, planner: Planner, route: LoadedRoute, params: Mapping[str, Any]) -> list[str]:
        """What to say of params that a route does not list."""
        if not route.pattern.params or left_for_request_time(route) is not None:
            return []
        number = planner.table.routes.index(route)
        if any(isinstance(one, Job) and one.params == params for one in planner.plan_route(number, route)):
            return []
        if route.options.dynamic_params:
            return ["generate_static_params does not list it: it is rendered at request time"]
        return ["generate_static_params does not list it, and dynamic_params is False: it is a 404"]

    def _run(
        self, project: Project, routes: Sequence[LoadedRoute], jobs: list[Job]
    ) -> list[Prerendered | Dynamic | Failed]:
        config = project.config
        settings = RenderSettings(
            project.code, config.base_url, config.base_path, config.cache_components, config.timeout
        )
        outcomes: list[Outcome] = []
        WATCH.start()
        try:
            lanes = Lanes(
                Renderer(routes, settings),
                lambda item, outcome: outcomes.append(outcome),
                concurrency=config.concurrency,
            )
            lanes.run(Item(number, job) for number, job in enumerate(jobs))
            for unsure in [outcome for outcome in outcomes if isinstance(outcome, Unsure)]:
                lanes.run(iter([Item(0, unsure.job)]))
            lanes.close()
        finally:
            WATCH.stop()
        return [outcome for outcome in outcomes if not isinstance(outcome, Unsure)]


def _parts(path: str) -> list[str]:
    """The segments of a URL path; a ``%2F`` stays inside its segment."""
    return [unquote(part) for part in path.split("/") if part]


def _because(route: LoadedRoute) -> str:
    """Why a route whose handler has finished is static."""
    options = route.options
    if options.dynamic != "auto":
        return f'dynamic = "{options.dynamic}"'
    if options.revalidate_written:
        return f"revalidate = {options.revalidate}, and no request-time access"
    return "no request-time access, no unstable input"
