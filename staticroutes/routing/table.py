"""The route table: every route in order of precedence, free of conflicts, matched by a trie.

Strategy: one node for each place in the URL tree. A path is matched by walking down, at each node
trying its branches in the order of ``Kind``; the first route reached wins, and the walk goes back
where a branch leads nowhere (``/prec/lit/deep`` is ``[s]/deep`` although ``lit`` exists). The cost
follows the depth of the path, not the number of routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from staticroutes.errors import RoutingError
from staticroutes.routing.segments import Kind, Pattern, Segment


class HasPattern(Protocol):
    """What a table holds: something with a pattern and the file it comes from."""

    @property
    def pattern(self) -> Pattern: ...

    @property
    def source(self) -> str: ...


R = TypeVar("R", bound=HasPattern)


class _Node(Generic[R]):
    __slots__ = ("affixed", "branches", "catch_all", "first", "optional", "param", "route", "static")

    def __init__(self) -> None:
        self.static: dict[str, _Node[R]] = {}
        self.affixed: list[tuple[Segment, _Node[R]]] = []
        self.param: tuple[Segment, _Node[R]] | None = None
        self.catch_all: tuple[Segment, R] | None = None
        self.optional: tuple[Segment, R] | None = None
        self.route: R | None = None
        self.first: R | None = None
        """The first route below, to name it in a conflict."""


class RouteTable(Generic[R]):
    """All routes, the more specific first; ``conflicts`` says which of them cannot stand together."""

    def __init__(self, routes: Iterable[R]) -> None:
        self.routes: Sequence[R] = sorted(routes, key=lambda route: (_order(route.pattern), route.source))
        self.conflicts: list[RoutingError] = []
        self._root: _Node[R] = _Node()
        self._renamed: set[tuple[int, str]] = set()
        for route in self.routes:
            self._insert(route)
        self._check_optional(self._root)

    def match(self, segments: Sequence[str]) -> tuple[R, dict[str, Any]] | None:
        """The route that answers a decoded path, with its params, or None."""
        return next(self.matches(segments), None)

    def matches(self, segments: Sequence[str]) -> Iterator[tuple[R, dict[str, Any]]]:
        """Every route that could answer, the most specific first."""
        yield from _walk(self._root, segments, 0, {})

    def is_contested(self, route: R) -> bool:
        """True where a more specific route might answer a URL of this route's pattern."""
        nodes = [self._root]
        for segment in route.pattern.segments:
            below = []
            for node in nodes:
                if segment.kind is Kind.STATIC:
                    if segment.prefix in node.static:
                        below.append(node.static[segment.prefix])
                    continue
                if node.static or (segment.kind is not Kind.AFFIXED and node.affixed):
                    return True
                if segment.kind is Kind.AFFIXED and len(node.affixed) > 1:
                    return True
                if segment.is_catch_all:
                    if node.param or (segment.kind is Kind.OPTIONAL_CATCH_ALL and node.catch_all):
                        return True
                    continue
                branches = (
                    node.affixed if segment.kind is Kind.AFFIXED else [node.param] if node.param else []
                )
                below += [child for _, child in branches]
            nodes = below
        return False

    def has_children(self, route: R) -> bool:
        """True where other URLs may lie below a URL of this route, so that it may need a folder."""
        if any(segment.is_catch_all for segment in route.pattern.segments):
            return True
        return _has_children(self._root, route.pattern.segments, 0)

    def _insert(self, route: R) -> None:
        node = self._root
        node.first = node.first or route
        renamed: tuple[Segment, Segment, _Node[R]] | None = None
        for segment in route.pattern.segments:
            match segment.kind:
                case Kind.STATIC:
                    node = node.static.setdefault(segment.prefix, _Node())
                case Kind.AFFIXED | Kind.PARAM:
                    known, node = self._branch(node, segment)
                    if known.name != segment.name:
                        renamed = renamed or (segment, known, node)
                case Kind.CATCH_ALL:
                    if node.catch_all is None:
                        node.catch_all = (segment, route)
                    self._check(route, node.catch_all[1], renamed)
                    return
                case Kind.OPTIONAL_CATCH_ALL:
                    if node.optional is None:
                        node.optional = (segment, route)
                    self._check(route, node.optional[1], renamed)
                    return
                case _:
                    raise AssertionError(f"{segment.kind} in a pattern")
            node.first = node.first or route
        node.route = node.route or route
        self._check(route, node.route, renamed)

    def _branch(self, node: _Node[R], segment: Segment) -> tuple[Segment, _Node[R]]:
        """The branch of a dynamic segment, made where there is none yet."""
        if segment.kind is Kind.PARAM:
            node.param = node.param or (segment, _Node())
            return node.param
        for known, child in node.affixed:
            if (known.prefix, known.suffix) == (segment.prefix, segment.suffix):
                return known, child
        made: tuple[Segment, _Node[R]] = (segment, _Node())
        node.affixed.append(made)
        node.affixed.sort(key=lambda entry: _order_of(entry[0]))
        return made

    def _check(self, route: R, answering: R, renamed: tuple[Segment, Segment, _Node[R]] | None) -> None:
        """Note a conflict: another route answers the same URLs, or names a parameter otherwise."""
        if answering is not route:
            self.conflicts.append(
                RoutingError(
                    f"{answering.source} answers the same URLs as {route.source}",
                    hint="remove one of them, or give them different parents",
                )
            )
        elif renamed is not None:
            mine, known, node = renamed
            assert node.first is not None
            if (id(node), mine.name) not in self._renamed:
                self._renamed.add((id(node), mine.name))
                self.conflicts.append(
                    RoutingError(
                        f"{node.first.source} has {known.text} where {route.source} has {mine.text}",
                        hint="give the parameter one name: they answer the same place of a URL",
                    )
                )

    def _check_optional(self, node: _Node[R]) -> None:
        if node.optional and node.route:
            self.conflicts.append(
                RoutingError(
                    f"{node.route.source} answers the bare path that {node.optional[1].source} answers too",
                    hint=f"remove one of them, or make it {node.optional[0].text[1:-1]}",
                )
            )
        children = [*node.static.values(), *(child for _, child in node.affixed)]
        if node.param:
            children.append(node.param[1])
        for child in children:
            self._check_optional(child)


def _walk(
    node: _Node[R], segments: Sequence[str], position: int, params: dict[str, Any]
) -> Iterator[tuple[R, dict[str, Any]]]:
    if position == len(segments):
        if node.route is not None:
            yield node.route, params
        if node.optional is not None:
            yield node.optional[1], params
        return
    text = segments[position]
    child = node.static.get(text)
    if child is not None:
        yield from _walk(child, segments, position + 1, params)
    for segment, child in node.affixed:
        if (
            len(text) > len(segment.prefix) + len(segment.suffix)
            and text.startswith(segment.prefix)
            and text.endswith(segment.suffix)
        ):
            value = text[len(segment.prefix) : len(text) - len(segment.suffix)]
            yield from _walk(child, segments, position + 1, {**params, segment.name: value})
    if not text:
        return
    if node.param is not None:
        segment, child = node.param
        yield from _walk(child, segments, position + 1, {**params, segment.name: text})
    rest = list(segments[position:])
    if all(rest):
        for many in (node.catch_all, node.optional):
            if many is not None:
                yield many[1], {**params, many[0].name: list(rest)}


def _has_children(node: _Node[R], segments: Sequence[Segment], position: int) -> bool:
    """Whether any URL of ``segments`` can have URLs below it: literal text meets parameters too."""
    if position == len(segments):
        return bool(node.static or node.affixed or node.param or node.catch_all or node.optional)
    # A catch-all at this place answers URLs below whatever comes later here.
    if node.catch_all or node.optional:
        return True
    segment = segments[position]
    below: list[_Node[R]] = []
    if segment.kind is Kind.STATIC:
        if segment.prefix in node.static:
            below.append(node.static[segment.prefix])
    else:
        below += node.static.values()
    below += [child for _, child in node.affixed]
    if node.param:
        below.append(node.param[1])
    return any(_has_children(child, segments, position + 1) for child in below)


def _order(pattern: Pattern) -> list[tuple[int, int, str]]:
    return [_order_of(segment) for segment in pattern.segments]


def _order_of(segment: Segment) -> tuple[int, int, str]:
    affixed = segment.kind is Kind.AFFIXED
    return segment.kind, -len(segment.prefix) - len(segment.suffix) if affixed else 0, segment.shown
