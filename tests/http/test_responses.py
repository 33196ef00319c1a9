"""What a handler may return, and what becomes of it: status, headers, body."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staticroutes import Response, Route, Site
from staticroutes.errors import ResponseError
from staticroutes.http.encoding import encode_json
from staticroutes.prerender.outcomes import Failed


def answer(value: Any, path: str = "/x", **config: Any) -> Response:
    """What a site answers whose handler returns ``value`` (calls it, where it is a function)."""
    handler = value if callable(value) else lambda: value
    return Site(config=config, routes=[Route(path, GET=handler)]).render(path)


def failure(value: Any, path: str = "/x") -> Failed:
    handler = value if callable(value) else lambda: value
    outcome = Site(routes=[Route(path, GET=handler)]).outcome(path)
    assert isinstance(outcome, Failed), outcome
    return outcome


@dataclasses.dataclass
class Point:
    x: int
    when: date


@pytest.mark.parametrize(
    ("value", "path", "content_type", "body"),
    [
        pytest.param({"é": [1, None]}, "/x", "application/json", '{"é":[1,null]}', id="dict"),
        pytest.param([1, 2], "/x.json", "application/json", "[1,2]", id="list"),
        pytest.param({"type": "x"}, "/a.geojson", "application/geo+json", '{"type":"x"}', id="geojson"),
        pytest.param(
            Point(1, date(2020, 1, 2)),
            "/x",
            "application/json",
            '{"x":1,"when":"2020-01-02"}',
            id="dataclass",
        ),
        pytest.param("hé", "/x", "text/plain; charset=utf-8", "hé", id="str"),
        pytest.param("a,b", "/x.csv", "text/csv; charset=utf-8", "a,b", id="csv"),
        pytest.param("<x/>", "/x.xml", "application/xml; charset=utf-8", "<x/>", id="xml"),
        pytest.param("BEGIN", "/c.ics", "text/calendar; charset=utf-8", "BEGIN", id="ics"),
        pytest.param(b"\x00", "/x", "application/octet-stream", "\x00", id="bytes"),
        pytest.param(b"<svg/>", "/i.svg", "image/svg+xml", "<svg/>", id="svg"),
        pytest.param(Response("v"), "/v1.2", "text/plain; charset=utf-8", "v", id="no-known-extension"),
        pytest.param(Response("t", 201, {"Content-Type": "a/b"}), "/x.txt", "a/b", "t", id="own-type"),
        pytest.param(Response.json({"a": 1}), "/feed.xml", "application/json", '{"a":1}', id="Response.json"),
        pytest.param(Response.html("<p>"), "/x", "text/html; charset=utf-8", "<p>", id="Response.html"),
        pytest.param(Response.xml("<p/>"), "/x", "application/xml; charset=utf-8", "<p/>", id="Response.xml"),
        pytest.param(
            lambda: Response(iter(["a", b"b"])), "/x", "text/plain; charset=utf-8", "ab", id="stream"
        ),
        pytest.param(lambda: Response(iter([b"a"])), "/x", "application/octet-stream", "a", id="byte-stream"),
    ],
)
def test_content_type_and_body(value: Any, path: str, content_type: str, body: str) -> None:
    response = answer(value, path)
    assert response.headers.get("content-type") == content_type
    assert response.text == body


def test_async_streams_and_generator_handlers() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    async def handler() -> Response:
        return Response(pieces())

    def plain() -> Response:
        return Response(pieces())

    def generator() -> Iterator[str]:
        yield "a"
        yield "b"

    for get in (handler, plain, generator, pieces):
        assert answer(get).text == "ab"


def test_status_and_headers_are_kept_and_repeated_names_too() -> None:
    response = Response("x", 202, [("X-A", "1"), ("x-a", "2"), ("Link", "</a>")])
    got = answer(response)
    assert got.status == 202
    assert got.headers.get_all("x-a") == ["1", "2"]
    assert got.headers.get("X-A") == "1, 2"


def test_the_connections_own_headers_are_dropped() -> None:
    got = answer(Response("x", 200, {"Content-Length": "999", "Transfer-Encoding": "chunked", "X": "y"}))
    assert got.headers.keys() == ["content-type", "x"]


@pytest.mark.parametrize(
    ("target", "location"),
    [("/a", "/docs/a"), ("https://e.com/a", "https://e.com/a"), ("//e.com", "//e.com"), ("a", "a")],
)
def test_a_redirect_to_a_path_of_the_site_carries_the_base_path(target: str, location: str) -> None:
    got = answer(Response.redirect(target), base_path="/docs")
    assert (got.status, got.headers.get("location")) == (307, location)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: Response("x", 204), "no body", id="204"),
        pytest.param(lambda: Response("x", 304), "no body", id="304"),
        pytest.param(lambda: Response("x", 99), "200 to 599", id="status-99"),
        pytest.param(lambda: Response("x", True), "200 to 599", id="status-true"),  # type: ignore[arg-type]
        pytest.param(lambda: Response("x", 200, {"a": "b\r\nc: d"}), "line break", id="injection"),
        pytest.param(lambda: Response("x", 200, {"a b": "c"}), "named", id="bad-name"),
        pytest.param(lambda: Response("x", 200, {"a": 1}), "must be a string", id="number"),  # type: ignore[dict-item]
        pytest.param(lambda: Response("x", 200, {"a": "日"}), "cannot carry", id="non-latin"),
        pytest.param(lambda: Response.redirect("/a", 200), "no redirect", id="redirect-200"),
        pytest.param(lambda: Response(5), "int", id="body-int"),  # type: ignore[arg-type]
        pytest.param(lambda: Response({"a": 1}), "dict", id="body-dict"),
        pytest.param(lambda: "\ud800", "surrogate", id="surrogate"),
        pytest.param(lambda: {"a": "\ud800"}, "surrogate", id="json-surrogate"),
        pytest.param(lambda: {"a": {1}}, "set", id="json-set"),
        pytest.param(lambda: object(), "object", id="object"),
    ],
)
def test_what_cannot_be_a_response_is_a_failure_that_says_why(make: Any, said: str) -> None:
    assert said in failure(make).message


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
        ),
    )
)
def test_json_is_what_the_standard_library_writes_compactly(value: Any) -> None:
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    assert encode_json(value) == expected


def test_json_of_attrs_pydantic_msgspec_and_dates() -> None:
    attr = pytest.importorskip("attr")
    msgspec = pytest.importorskip("msgspec")
    pydantic = pytest.importorskip("pydantic")
    made_attrs = attr.make_class("A", ["x"])(1)
    made_msgspec = msgspec.defstruct("M", [("x", int)])(2)
    made_pydantic = pydantic.create_model("P", x=(int, ...))(x=3)
    assert encode_json([made_attrs, made_msgspec, made_pydantic]) == b'[{"x":1},{"x":2},{"x":3}]'
    assert encode_json(datetime(2020, 1, 2, 3, tzinfo=UTC)) == b'"2020-01-02T03:00:00+00:00"'


def test_cycles_are_an_error() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(ResponseError, match="refers to itself"):
        encode_json(cycle)


def test_responses_of_frameworks_are_taken_by_shape(tmp_path: Any) -> None:
    starlette = pytest.importorskip("starlette.responses")
    flask = pytest.importorskip("flask")
    file = tmp_path / "f.txt"
    file.write_text("file")

    async def stream() -> AsyncIterator[bytes]:
        yield b"str"
        yield b"eam"

    def with_cookie_names() -> Any:
        response = starlette.PlainTextResponse("p", 201, {"x-a": "1"})
        response.headers.append("x-a", "2")
        return response

    got = answer(with_cookie_names)
    assert (got.status, got.text, got.headers.get_all("x-a")) == (201, "p", ["1", "2"])
    assert answer(lambda: starlette.JSONResponse({"a": 1})).text == '{"a":1}'
    assert answer(lambda: starlette.StreamingResponse(stream())).text == "stream"
    assert answer(lambda: starlette.FileResponse(file)).text == "file"
    assert answer(lambda: starlette.RedirectResponse("/a")).headers.get("location") == "/a"
    assert answer(lambda: flask.Response("f", 202, {"x-b": "c"})).headers.get("x-b") == "c"
