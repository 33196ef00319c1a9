"""``generate_static_params``: what it may be and give, and what becomes of it."""

# ruff: noqa: E501  (route files of one line)

from __future__ import annotations

import itertools
import json
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from staticroutes import Route, Site
from staticroutes.builder import BuildResult
from staticroutes.prerender.outcomes import Failed, Job
from staticroutes.prerender.planning import Left, Planner, Warned
from staticroutes.prerender.project_code import ProjectCode
from staticroutes.routing.loading import Route as LoadedRoute
from staticroutes.routing.table import RouteTable

SLUG = "app/posts/[slug]/route.py"
Build = Callable[..., BuildResult]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds a site of route files by ``path="text"`` or by a dict; every call of a handler is counted."""

    def make(files: dict[str, str] | None = None, **config: Any) -> BuildResult:
        for name, text in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Site.load(tmp_path, config=config).build()

    return make


def listing(body: str) -> dict[str, str]:
    """A route whose handler answers with its params, and this ``generate_static_params``."""
    return {SLUG: f"{textwrap.dedent(body)}\ndef GET(request, context): return dict(context.params)\n"}


def paths(result: BuildResult) -> list[str]:
    assert result.ok, result.failures
    return [output.path for output in result.outputs]


def warnings(result: BuildResult) -> list[str]:
    return [warned.message for warned in result.warnings]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("def generate_static_params(): return [{'slug': 'a'}, {'slug': 'b'}]", id="list"),
        pytest.param("def generate_static_params(): return ({'slug': 'a'}, {'slug': 'b'})", id="tuple"),
        pytest.param(
            "def generate_static_params():\n yield {'slug': 'a'}\n yield {'slug': 'b'}", id="generator"
        ),
        pytest.param("async def generate_static_params(): return [{'slug': 'a'}, {'slug': 'b'}]", id="async"),
        pytest.param(
            "import asyncio\nasync def generate_static_params():\n yield {'slug': 'a'}\n await asyncio.sleep(0)\n yield {'slug': 'b'}",
            id="async-generator",
        ),
        pytest.param(
            "import asyncio\nasync def generate_static_params():\n for s in 'ab':\n  yield {'slug': await asyncio.to_thread(str, s)}",
            id="async-generator-with-threads",
        ),
        pytest.param(
            "async def numbers():\n yield {'slug': 'a'}\n yield {'slug': 'b'}\nasync def generate_static_params(): return numbers()",
            id="async-that-gives-an-async-generator",
        ),
        pytest.param(
            "async def generate_static_params(): return ({'slug': s} for s in 'ab')",
            id="async-that-gives-a-generator",
        ),
        pytest.param(
            "import asyncio\ndef generate_static_params():\n async def f(): return [{'slug': 'a'}, {'slug': 'b'}]\n return f()",
            id="plain-that-gives-a-coroutine",
        ),
        pytest.param(
            "import asyncio\ndef generate_static_params():\n async def f(): return [{'slug': 'a'}, {'slug': 'b'}]\n return asyncio.run(f())",
            id="plain-with-a-loop-of-its-own",
        ),
        pytest.param(
            """
            class Item(dict):
                def __hash__(self): return hash(tuple(self.items()))
            def generate_static_params(): return {Item(slug="a"), Item(slug="b")}
            """,
            id="set",
        ),
        pytest.param(
            "from types import MappingProxyType as M\ndef generate_static_params(): return [M({'slug': 'a'}), M({'slug': 'b'})]",
            id="mappings",
        ),
        pytest.param(
            "generate_static_params = lambda: map(lambda s: {'slug': s}, 'ab')", id="lambda-and-map"
        ),
        pytest.param(
            "from functools import partial\ndef f(text): return [{'slug': s} for s in text]\ngenerate_static_params = partial(f, 'ab')",
            id="partial",
        ),
        pytest.param("generate_static_params = [{'slug': 'a'}, {'slug': 'b'}].copy", id="builtin-method"),
        pytest.param(
            "class L:\n def __call__(self): return [{'slug': 'a'}, {'slug': 'b'}]\ngenerate_static_params = L()",
            id="object",
        ),
        pytest.param(
            "class Rows:\n def __iter__(self): return iter([{'slug': 'a'}, {'slug': 'b'}])\ndef generate_static_params(): return Rows()",
            id="any-iterable",
        ),
        pytest.param(
            "def generate_static_params(context): return [{'slug': s} for s in 'ab'] if context['params'] == {} else []",
            id="takes-the-params-above",
        ),
    ],
)
def test_what_generate_static_params_may_be(build: Build, tmp_path: Path, body: str) -> None:
    assert paths(build(listing(body))) == ["/posts/a", "/posts/b"]
    assert json.loads((tmp_path / "out/posts/a").read_text()) == {"slug": "a"}
    assert threading.active_count() == 1 or "xdist" in sys.modules


def test_many_items_of_an_async_generator_keep_their_order(build: Build) -> None:
    """They are taken some at a time; none is lost at the seams."""
    result = build(listing("async def generate_static_params():\n for n in range(700):\n  yield {'slug': n}"))
    assert paths(result) == sorted(f"/posts/{n}" for n in range(700))


def test_values_become_text(build: Build, tmp_path: Path) -> None:
    assert paths(build(listing("def generate_static_params(): return [{'slug': 7}]"))) == ["/posts/7"]
    assert json.loads((tmp_path / "out/posts/7").read_text()) == {"slug": "7"}


def test_one_text_in_two_normalisations_is_one_url(build: Build, tmp_path: Path) -> None:
    result = build(
        listing(r"def generate_static_params(): return [{'slug': 'caf\u00e9'}, {'slug': 'cafe\u0301'}]")
    )
    assert paths(result) == ["/posts/caf%C3%A9"]
    assert warnings(result) == ["generate_static_params gave {'slug': 'café'} twice; it is rendered once"]
    assert json.loads((tmp_path / "out/posts/caf\u00e9").read_text()) == {"slug": "caf\u00e9"}


def test_duplicates_are_rendered_once_with_a_warning(build: Build, tmp_path: Path) -> None:
    route = """
        def generate_static_params():
            return [{"slug": s} for s in ["a", "b", "a", "a", 1, "1"]]
        def GET(request, context):
            with open(CALLS, "a") as calls:
                calls.write(context.params["slug"])
            return ""
    """.replace("CALLS", repr(str(tmp_path / "calls")))
    result = build({SLUG: route})
    assert paths(result) == ["/posts/1", "/posts/a", "/posts/b"]
    assert sorted((tmp_path / "calls").read_text()) == ["1", "a", "b"]
    assert warnings(result) == [
        "generate_static_params gave {'slug': '1'} twice; it is rendered once",
        "generate_static_params gave {'slug': 'a'} twice; it is rendered once",
        "generate_static_params gave {'slug': 'a'} twice; it is rendered once",
    ]


def test_many_duplicates_are_counted(build: Build) -> None:
    result = build(listing("def generate_static_params(): return [{'slug': 'a'}] * 100"))
    assert paths(result) == ["/posts/a"]
    assert len(result.warnings) == 4
    assert "generate_static_params gave 96 more values twice" in warnings(result)


@pytest.mark.parametrize(
    "body",
    ["def generate_static_params(): return []", "async def generate_static_params():\n for n in (): yield n"],
)
def test_an_empty_list_is_a_warning_and_a_budget_makes_it_fail(build: Build, body: str) -> None:
    result = build(listing(body))
    assert paths(result) == []
    (warned,) = result.warnings
    assert warned.message == f"generate_static_params of {SLUG} gave nothing, so /posts/[slug] has no outputs"
    assert (warned.at or "").startswith(f"{SLUG}:")
    assert not build(budgets={"/posts/[slug]": {"min_outputs": 1}}).ok


def test_a_listed_value_that_a_static_sibling_answers_is_skipped(build: Build, tmp_path: Path) -> None:
    route = """
        def generate_static_params(): return [{"slug": "about"}, {"slug": "b"}]
        def GET(request, context): return context.params["slug"]
    """
    result = build(
        {"app/items/[slug]/route.py": route, "app/items/about/route.py": "def GET(): return 'the sibling'"}
    )
    assert paths(result) == ["/items/about", "/items/b"]
    assert (tmp_path / "out/items/about").read_text() == "the sibling"
    assert warnings(result) == [
        "/items/about, listed by app/items/[slug]/route.py, is answered by app/items/about/route.py and is not rendered"
    ]


def test_a_more_specific_parameter_answers_before_a_catch_all(build: Build) -> None:
    handler = "\ndef GET(): return ''"
    result = build(
        {
            "app/[slug].json/route.py": "def generate_static_params(): return [{'slug': 'a'}]" + handler,
            "app/[name]/route.py": "def generate_static_params(): return [{'name': n} for n in ['a.json', 'b']]"
            + handler,
            "app/[...rest]/route.py": "def generate_static_params(): return [{'rest': r} for r in (['b', 'c'], ['b'], ['b.json'])]"
            + handler,
        }
    )
    assert paths(result) == ["/a.json", "/b", "/b/c"]
    assert [text.split(", ")[0] for text in warnings(result)] == ["/a.json", "/b", "/b.json"]


def test_closed_params_leave_the_rest_to_a_sibling(build: Build, tmp_path: Path) -> None:
    """``dynamic_params = False``: what is not listed is a sibling catch-all's, as in Next.js."""
    result = build(
        {
            "app/[slug]/route.py": """
                dynamic_params = False
                def generate_static_params(): return [{"slug": "only"}]
                def GET(): return "slug"
            """,
            "app/[...rest]/route.py": """
                def generate_static_params(): return [{"rest": ["only"]}, {"rest": ["other"]}]
                def GET(): return "rest"
            """,
        }
    )
    assert paths(result) == ["/only", "/other"]
    assert [(tmp_path / "out" / name).read_text() for name in ("only", "other")] == ["slug", "rest"]
    assert len(result.warnings) == 1


@pytest.mark.parametrize("bare", ["{}", "{'path': []}", "{'path': ()}"])
def test_the_bare_path_of_an_optional_catch_all(build: Build, tmp_path: Path, bare: str) -> None:
    route = f"""
        def generate_static_params(): return [{bare}, {{"path": ["a", "b"]}}]
        def GET(request, context): return dict(context.params)
    """
    assert paths(build({"app/docs/[[...path]]/route.py": route})) == ["/docs", "/docs/a/b"]
    assert (tmp_path / "out/docs/index.json").read_text() == "{}"
    assert (tmp_path / "out/docs/a/b").read_text() == '{"path":["a","b"]}'


def test_both_ways_to_say_the_bare_path_are_one(build: Build) -> None:
    route = "def generate_static_params(): return [{}, {'path': []}]\ndef GET(): return {}"
    result = build({"app/[[...path]]/route.py": route})
    assert paths(result) == ["/"]
    assert warnings(result) == ["generate_static_params gave {} twice; it is rendered once"]


def test_it_is_called_once_for_a_route(build: Build, tmp_path: Path) -> None:
    body = f"""
        def generate_static_params():
            with open({str(tmp_path / "calls")!r}, "a") as calls:
                calls.write("x")
            return [{{"slug": n}} for n in range(20)]
    """
    assert len(paths(build(listing(body)))) == 20
    assert (tmp_path / "calls").read_text() == "x"


@pytest.mark.parametrize("option", ["dynamic = 'force-dynamic'", "revalidate = 0"])
def test_it_is_not_called_for_a_route_that_is_never_static(build: Build, option: str) -> None:
    result = build(listing(f"\n{option}\ndef generate_static_params(): raise ValueError"))
    assert paths(result) == []
    assert result.dynamic[0]["reason"]["at"] == f"{SLUG}:2"


def test_it_is_not_called_without_a_dynamic_segment_and_that_is_said(build: Build) -> None:
    result = build({"app/a/route.py": "def generate_static_params(): raise ValueError\ndef GET(): return ''"})
    assert paths(result) == ["/a"]
    assert warnings(result) == ["/a has no dynamic segment, so generate_static_params is not called"]


def test_good_items_do_not_hide_bad_ones_nor_the_other_way_round(build: Build) -> None:
    items = [{"slug": "a"}, {"slug": None}, {"slug": "b"}, {"slug": "c/d"}]
    result = build(listing(f"def generate_static_params(): return {items!r}"))
    assert [failed.path for failed in result.failures] == ["/posts/[slug]"] * 2
    assert not result.ok
    assert [output.path for output in result.outputs] == ["/posts/a", "/posts/b"]


def test_what_came_before_an_exception_is_rendered(build: Build) -> None:
    for kind in ("def", "async def"):
        result = build(
            listing(f"{kind} generate_static_params():\n yield {{'slug': 'a'}}\n raise LookupError('gone')")
        )
        (failed,) = result.failures
        assert failed.message == "generate_static_params raised LookupError: gone"
        assert failed.at == f"{SLUG}:3"
        assert [output.path for output in result.outputs] == ["/posts/a"]


def planned(handler: Callable[..., Any], *, limit: float = 300.0, path: str = "/x/[n]") -> Iterator[Any]:
    """The plan of one route without a file."""
    route: LoadedRoute = Route(path, GET=lambda: "", generate_static_params=handler).loaded
    return Planner(RouteTable([route]), ProjectCode(None), limit=limit).plan()


def test_items_are_asked_for_one_at_a_time() -> None:
    """An endless generator is no more than a generator to somebody who stops."""
    asked = 0

    def numbers() -> Iterator[dict[str, int]]:
        nonlocal asked
        for asked in itertools.count():
            yield {"n": asked}

    plan = planned(numbers)
    assert [next(plan).path for _ in range(5)] == [f"/x/{n}" for n in range(5)]
    assert asked == 4


def test_a_plan_that_is_given_up_closes_the_generator() -> None:
    closed = []

    def numbers() -> Iterator[dict[str, int]]:
        try:
            yield from ({"n": n} for n in itertools.count())
        finally:
            closed.append("plain")

    async def anumbers() -> Any:
        try:
            for n in itertools.count():
                yield {"n": n}
        finally:
            closed.append("async")

    for function in (numbers, anumbers):
        plan = planned(function)
        assert isinstance(next(plan), Job)
        plan.close()  # type: ignore[attr-defined]
    assert closed == ["plain", "async"]


@pytest.mark.parametrize(
    "kind", ["new values", "one value", "bad values", "async", "awaits for ever", "awaits in a generator"]
)
def test_an_endless_listing_is_ended(kind: str) -> None:
    async def forever() -> Any:
        import asyncio

        await asyncio.Event().wait()

    async def anumbers() -> Any:
        for n in itertools.count():
            yield {"n": n}

    async def forever_then_first() -> Any:
        await forever()
        yield {"n": 1}

    functions: dict[str, Callable[[], Any]] = {
        "awaits in a generator": forever_then_first,
        "new values": lambda: ({"n": n} for n in itertools.count()),
        "one value": lambda: itertools.repeat({"n": 1}),
        "bad values": lambda: itertools.repeat({"n": "a/b"}),
        "async": anumbers,
        "awaits for ever": forever,
    }
    *_, last = planned(functions[kind], limit=0.05)
    assert isinstance(last, Failed)
    assert last.message == "generate_static_params took more than 0.05 seconds and was ended"
    assert last.source == "Route('/x/[n]')"
    assert last.hint


def test_the_time_that_rendering_takes_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from staticroutes.prerender import planning

    now = 0.0
    monkeypatch.setattr(planning.time, "monotonic", lambda: now)
    seen = 0
    for step in planned(lambda: [{"n": n} for n in range(10)], limit=5):
        assert isinstance(step, Job)
        now += 100  # somebody renders
        seen += 1
    assert seen == 10


def test_the_time_that_listing_takes_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from staticroutes.prerender import planning

    now = 0.0
    monkeypatch.setattr(planning.time, "monotonic", lambda: now)

    def slow() -> Iterator[dict[str, int]]:
        nonlocal now
        for n in itertools.count():
            now += 1
            yield {"n": n}

    steps = list(planned(slow, limit=5))
    assert [type(step) for step in steps] == [Job] * 5 + [Failed]


def test_a_time_out_of_the_authors_own_is_an_exception_like_others() -> None:
    async def impatient() -> Any:
        raise TimeoutError("the database")

    (failed,) = planned(impatient)
    assert failed.message == "generate_static_params raised TimeoutError: the database"


def test_endless_bad_items_are_counted_not_kept() -> None:
    steps = list(planned(lambda: [{"n": ""}] * 2500))
    assert len(steps) == 1001
    assert steps[-1].message == "generate_static_params gave 1500 more items that are wrong"


def test_routes_with_listed_params_are_planned_first() -> None:
    """What they load is in memory when workers are forked."""
    routes = [
        Route("/a", GET=lambda: "").loaded,
        Route("/b/[n]", GET=lambda: "", generate_static_params=lambda: [{"n": 1}]).loaded,
        Route("/c/[n]", GET=lambda: "").loaded,
        Route("/d", POST=lambda: "").loaded,
    ]
    steps = list(Planner(RouteTable(routes), ProjectCode(None)).plan())
    assert [getattr(step, "path", step) for step in steps][:2] == ["/b/1", "/a"]
    assert {step.reason.code for step in steps if isinstance(step, Left)} == {"no-static-params", "method"}
    assert not [step for step in steps if isinstance(step, Warned)]


def test_a_listing_is_never_in_a_request(build: Build) -> None:
    result = build(
        listing(
            "from staticroutes import cookies\ndef generate_static_params(): return [{'slug': cookies().get('a')}]"
        )
    )
    (failed,) = result.failures
    assert failed.message == "generate_static_params failed: cookies() was called outside a request"
    assert failed.at == f"{SLUG}:2"


@pytest.mark.parametrize("name", ["CON", "a.", "a:b", "what?"])
def test_a_name_that_not_every_system_holds_is_a_warning(build: Build, name: str) -> None:
    result = build(listing(f"def generate_static_params(): return [{{'slug': {name!r}}}]"))
    assert len(paths(result)) == 1
    assert "a file name that not every system can hold" in warnings(result)[0]


def test_values_that_differ_in_case_only_collide(build: Build) -> None:
    result = build(listing("def generate_static_params(): return [{'slug': 'Mai'}, {'slug': 'mai'}]"))
    (failed,) = result.failures
    assert "/posts/Mai" in failed.message
    assert "/posts/mai" in failed.message


def test_params_never_leave_the_output_directory(build: Build, tmp_path: Path) -> None:
    values = [
        "..",
        ".",
        "a/../../x",
        "/etc/passwd",
        "..\\x",
        "C:\\x",
        "\x00",
        "a\x00b",
        "\u202etxt",
        "~/x",
        "%2e%2e/x",
    ]
    before = sorted(tmp_path.parent.iterdir())
    result = build(
        {
            **listing(f"def generate_static_params(): return [{{'slug': value}} for value in {values!r}]"),
            "app/docs/[...path]/route.py": f"def generate_static_params(): return [{{'path': ['a', value]}} for value in {values!r}]\ndef GET(): return ''",
        }
    )
    assert len(result.failures) == 2 * len(values)
    assert result.outputs == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app"]
    assert sorted(tmp_path.parent.iterdir()) == before
    # Percent signs are text, not escapes.
    assert paths(
        build(
            listing("def generate_static_params(): return [{'slug': '%2e%2e'}]")
            | {"app/docs/[...path]/route.py": "def POST(): ..."}
        )
    ) == ["/posts/%252e%252e"]
    assert (tmp_path / "out/posts/%2e%2e").is_file()
