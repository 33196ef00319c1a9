"""The route table: precedence, conflicts, and what a build asks of it."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings

from staticroutes.routing import table as table_module
from staticroutes.routing.segments import Pattern
from staticroutes.routing.table import RouteTable

from .patterns import PATHS, Entry, oracle, tables, try_pattern


def table_of(*texts: str) -> RouteTable[Entry]:
    return RouteTable([Entry(Pattern.parse(text), f"app{text}/route.py") for text in texts])


def entry_of(table: RouteTable[Entry], text: str) -> Entry:
    return next(entry for entry in table.routes if entry.pattern.text == text)


@settings(deadline=None, max_examples=300)
@given(tables(), PATHS)
def test_matching_is_trying_every_pattern_in_order_of_precedence(
    table: RouteTable[Entry], path: list[str]
) -> None:
    assert table.match(path) == oracle(table, path)


@settings(deadline=None, max_examples=150)
@given(tables(), PATHS)
def test_matches_gives_every_route_that_could_answer(table: RouteTable[Entry], path: list[str]) -> None:
    could = {entry.source for entry in table.routes if try_pattern(entry.pattern, path) is not None}
    given_ = [entry.source for entry, _ in table.matches(path)]
    assert sorted(given_) == sorted(could)


@settings(deadline=None, max_examples=300)
@given(tables(), PATHS)
def test_a_route_that_another_one_comes_before_is_contested(
    table: RouteTable[Entry], path: list[str]
) -> None:
    answer = oracle(table, path)
    for entry in table.routes:
        if try_pattern(entry.pattern, path) is not None and answer is not None and answer[0] is not entry:
            assert table.is_contested(entry)


@settings(deadline=None, max_examples=300)
@given(tables(), PATHS)
def test_a_route_with_other_urls_below_its_own_has_children(
    table: RouteTable[Entry], path: list[str]
) -> None:
    if not any(try_pattern(entry.pattern, path) is not None for entry in table.routes):
        return
    for length in range(len(path)):
        for entry in table.routes:
            if try_pattern(entry.pattern, path[:length]) is not None:
                assert table.has_children(entry)


@pytest.mark.parametrize(
    ("texts", "asked", "contested"),
    [
        pytest.param(["/a", "/b"], "/a", False, id="static"),
        pytest.param(["/a", "/[x]"], "/[x]", True, id="static-before-param"),
        pytest.param(["/a", "/[x]"], "/a", False, id="the-static-itself"),
        pytest.param(["/[x].json", "/[x]"], "/[x].json", False, id="affixed-alone"),
        pytest.param(["/[x].json", "/[x]"], "/[x]", True, id="affixed-before-param"),
        pytest.param(["/[x].json", "/v[x]"], "/[x].json", True, id="two-affixed"),
        pytest.param(["/d/[...c]", "/d/[[...o]]"], "/d/[...c]", False, id="catch-all-before-optional"),
        pytest.param(["/d/[...c]", "/d/[[...o]]"], "/d/[[...o]]", True, id="optional-after-catch-all"),
        pytest.param(["/posts/[slug]", "/tags/[tag]"], "/posts/[slug]", False, id="other-folders"),
    ],
)
def test_only_what_can_be_taken_away_is_contested(texts: list[str], asked: str, contested: bool) -> None:
    table = table_of(*texts)
    assert table.is_contested(entry_of(table, asked)) is contested


@pytest.mark.parametrize(
    ("texts", "asked", "has"),
    [
        pytest.param(["/a", "/b/c"], "/a", False, id="elsewhere"),
        pytest.param(["/a", "/a/b"], "/a", True, id="static"),
        pytest.param(["/items", "/items/[slug]"], "/items", True, id="param"),
        pytest.param(["/[x]", "/a/b"], "/[x]", True, id="param-meets-static"),
        pytest.param(["/a", "/[x]/b"], "/a", True, id="static-meets-param"),
        pytest.param(["/[x].json", "/[x]"], "/[x].json", False, id="siblings"),
        pytest.param(["/docs/[...path]"], "/docs/[...path]", True, id="catch-all"),
        pytest.param(["/a", "/[...path]"], "/a", True, id="catch-all-beside"),
    ],
)
def test_children(texts: list[str], asked: str, has: bool) -> None:
    table = table_of(*texts)
    assert table.has_children(entry_of(table, asked)) is has


def lines_run(table: RouteTable[Entry], path: list[str]) -> int:
    """How many lines of the table's code one match runs."""
    count = 0

    def trace(frame: Any, event: str, argument: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename != table_module.__file__:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert table.match(path) is not None
    finally:
        sys.settrace(before)
    return count


def test_the_cost_of_a_match_does_not_grow_with_the_number_of_routes() -> None:
    def site(size: int) -> RouteTable[Entry]:
        texts = [text for n in range(size) for text in (f"/s{n}", f"/api/r{n}/[id]", f"/api/r{n}/[id].json")]
        return table_of(*texts, "/[x]", "/api/[...rest]")

    small, large = site(3), site(2000)
    for path in (["s1"], ["unknown"], ["api", "r2", "7"], ["api", "r2", "7.json"], ["api", "none", "x", "y"]):
        assert lines_run(small, path) == lines_run(large, path) > 0


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        pytest.param(["/a", "/a"], ["app/a/route.py answers the same URLs as app/a/route.py"], id="twins"),
        pytest.param(
            ["/[a]", "/[b]"], ["app/[a]/route.py answers the same URLs as app/[b]/route.py"], id="two-names"
        ),
        pytest.param(
            ["/[a]/x", "/[b]/y"], ["app/[a]/x/route.py has [a] where app/[b]/y/route.py has [b]"], id="above"
        ),
        pytest.param(
            ["/[a]/1", "/[b]/2", "/[b]/3", "/[c]/4"],
            [
                "app/[a]/1/route.py has [a] where app/[b]/2/route.py has [b]",
                "app/[a]/1/route.py has [a] where app/[c]/4/route.py has [c]",
            ],
            id="each-name-once",
        ),
        pytest.param(
            ["/x", "/x/[[...o]]"],
            ["app/x/route.py answers the bare path that app/x/[[...o]]/route.py answers too"],
            id="bare-path",
        ),
        pytest.param(
            ["/[s]", "/[s]/[[...o]]"],
            ["app/[s]/route.py answers the bare path that app/[s]/[[...o]]/route.py answers too"],
            id="bare-path-below-param",
        ),
        pytest.param(["/[...a]", "/[[...b]]"], [], id="both-catch-alls"),
        pytest.param(["/[a].json", "/[b].xml", "/[c]"], [], id="other-text-around"),
        pytest.param(["/[a]/x", "/[...b]"], [], id="catch-all-has-its-own-name"),
        pytest.param(["/é", "/é"], ["app/é/route.py answers the same URLs as app/é/route.py"], id="nfd"),
    ],
)
def test_conflicts_are_said_once_and_name_both_files(texts: list[str], said: list[str]) -> None:
    assert [error.message for error in table_of(*texts).conflicts] == said


def test_an_empty_segment_is_nobodys() -> None:
    table = table_of("/[a]", "/[a]/[b]", "/d/[...c]", "/x[y]")
    for path in ([""], ["q", ""], ["d", "", "x"], ["d", "x", ""], ["x"]):
        answer = table.match(path)
        assert answer is None or "" not in answer[1].values(), path
