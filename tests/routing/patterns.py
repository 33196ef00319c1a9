"""Patterns and paths for property tests: few words, so that they meet often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from staticroutes.routing.segments import Kind, Pattern, Segment
from staticroutes.routing.table import RouteTable

WORDS = ["a", "b", "ab", "a.json", "é", "a+b", "x.y", "$a", "a|b", "(a", "^"]
AFFIXES = [("", ".json"), ("a", ""), ("", "b"), ("a", "b"), ("x.", ""), ("$", "^"), ("é", "")]


class Entry(NamedTuple):
    """What a table holds, in tests."""

    pattern: Pattern
    source: str


def names(position: int) -> list[str]:
    """Folder names that can stand at a place; the parameter is named after the place."""
    return [*WORDS, f"[p{position}]", *(f"{before}[p{position}]{after}" for before, after in AFFIXES)]


@st.composite
def patterns(draw: st.DrawFn, depth: int = 4) -> Pattern:
    """Any pattern; parameters at one place have one name, as a site without conflicts needs it."""
    length = draw(st.integers(0, depth))
    # Few words again: half of all segments from three names.
    folders = [
        draw(st.sampled_from(["a", "b", f"[p{position}]"]) | st.sampled_from(names(position)))
        for position in range(length)
    ]
    last = draw(st.sampled_from(["", "", "[...rest]", "[[...rest]]"]))
    return Pattern.parse((*folders, *([last] if last else [])))


SEGMENT_TEXTS = st.sampled_from(
    [*WORDS, "a.json", "aab", "b.json", "x.", "q", "$1^", "éa", "..json"]
) | st.text("ab.é$^ json\n", min_size=1, max_size=5)
PATHS = st.lists(SEGMENT_TEXTS, max_size=5)


@st.composite
def tables(draw: st.DrawFn) -> RouteTable[Entry]:
    """A table without conflicts."""
    chosen = draw(st.lists(patterns(), min_size=1, max_size=12, unique_by=lambda pattern: pattern.text))
    texts = {pattern.text for pattern in chosen}
    entries = [
        Entry(pattern, f"app{pattern.text}/route.py")
        for pattern in chosen
        if not (
            pattern.text.endswith("/[[...rest]]") and (pattern.text[: -len("/[[...rest]]")] or "/") in texts
        )
    ]
    table = RouteTable(entries)
    assert not table.conflicts
    return table


def rank(segment: Segment) -> tuple[int, int, str]:
    """Precedence at one place, as the contract says it: the longer literal text first."""
    order = ["STATIC", "AFFIXED", "PARAM", "CATCH_ALL", "OPTIONAL_CATCH_ALL"]
    literal = len(segment.prefix) + len(segment.suffix) if segment.kind is Kind.AFFIXED else 0
    return order.index(segment.kind.name), -literal, segment.shown


def try_pattern(pattern: Pattern, path: Sequence[str]) -> dict[str, Any] | None:
    """The params of a path, or None: one pattern alone, by the meaning of its segments."""
    params: dict[str, Any] = {}
    rest = list(path)
    for segment in pattern.segments:
        if segment.kind in (Kind.CATCH_ALL, Kind.OPTIONAL_CATCH_ALL):
            if not rest:
                return params if segment.kind is Kind.OPTIONAL_CATCH_ALL else None
            return {**params, segment.name: rest}
        if not rest:
            return None
        text = rest.pop(0)
        if segment.kind is Kind.STATIC:
            if text != segment.prefix:
                return None
            continue
        middle = len(text) - len(segment.prefix) - len(segment.suffix)
        if middle < 1 or not text.startswith(segment.prefix) or not text.endswith(segment.suffix):
            return None
        params[segment.name] = text[len(segment.prefix) : len(segment.prefix) + middle]
    return None if rest else params


def oracle(table: RouteTable[Entry], path: Sequence[str]) -> tuple[Entry, dict[str, Any]] | None:
    """The answer by brute force: every pattern in order of precedence."""
    ordered = sorted(table.routes, key=lambda entry: [rank(segment) for segment in entry.pattern.segments])
    for entry in ordered:
        params = try_pattern(entry.pattern, path)
        if params is not None:
            return entry, params
    return None
