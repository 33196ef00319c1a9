"""Headers, cookies, search params and URLs, as on the web."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staticroutes.errors import BadRequest, ResponseError, StaticRoutesError
from staticroutes.http.context import headers
from staticroutes.http.cookies import RequestCookies
from staticroutes.http.headers import Headers, MutableHeaders
from staticroutes.http.requests import Request, RequestData, RequestScope
from staticroutes.http.urls import SearchParams, decode_segment, encode_segment


def live(body: bytes = b"", **values: object) -> Request:
    async def pieces():  # type: ignore[no-untyped-def]
        yield body[:3]
        yield body[3:]

    data = RequestData(base_url="http://localhost:8000", body=pieces, **values)  # type: ignore[arg-type]
    return Request("POST", "/a%20b", RequestScope(data, "/docs"))


def drive(coroutine):  # type: ignore[no-untyped-def]
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def test_headers_are_case_insensitive_ordered_and_read_only() -> None:
    sent = Headers([("Accept", "a"), ("accept", "b"), ("X-One", " 1 ")])
    assert sent.get("ACCEPT") == "a, b"
    assert sent.get_all("accept") == ["a", "b"]
    assert sent["x-one"] == "1"
    assert "x-two" not in sent
    assert list(sent) == ["accept", "x-one"]
    assert sent.get("x-two", "none") == "none"
    assert not hasattr(sent, "set")
    with pytest.raises(KeyError):
        sent["x-two"]


def test_mutable_headers_set_append_delete() -> None:
    made = MutableHeaders({"A": "1"})
    made.append("a", "2")
    made["b"] = "3"
    made.set("A", "4")
    assert made.items() == [("b", "3"), ("a", "4")]
    del made["b"]
    assert made.setdefault("a", "9") == "4"
    assert made.keys() == ["a"]
    with pytest.raises(ResponseError):
        made["a"] = "x\ny"


def test_cookies_are_strings_that_know_their_name() -> None:
    jar = RequestCookies('a=1; b="two%20words"; a=3; broken; =x')
    assert jar.get("a") == "1"
    assert jar.get("a").value == "1"  # type: ignore[union-attr]
    assert jar.get("b").name == "b"  # type: ignore[union-attr]
    assert jar.get_all("a") == ["1", "3"]
    assert jar["b"] == "two words"
    assert jar.has("b")
    assert jar.get("c") is None


def test_cookies_that_are_sent() -> None:
    outgoing = MutableHeaders()
    jar = RequestCookies("", outgoing)
    jar.set("a", "b c;d", max_age=60, http_only=True, secure=True, same_site="lax")
    jar.delete("z")
    assert outgoing.get_all("set-cookie") == [
        "a=b%20c%3Bd; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=lax",
        "z=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0",
    ]


def test_search_params() -> None:
    query = SearchParams("?a=1&a=2&b=&c=x+y%20z")
    assert query.get("a") == "1"
    assert query.get_all("a") == ["1", "2"]
    assert query.get("b") == ""
    assert query.get("c") == "x y z"
    assert query.has("b")
    assert not query.has("d")
    assert len(query) == 4


def test_the_url_carries_the_base_path_and_is_known_in_parts() -> None:
    request = live(query="q=1")
    assert request.url == "http://localhost:8000/docs/a%20b?q=1"
    url = request.next_url
    assert (url.pathname, url.base_path, url.search, url.origin) == (
        "/a%20b",
        "/docs",
        "?q=1",
        "http://localhost:8000",
    )
    assert (url.host, url.hostname, url.port, url.protocol) == (
        "localhost:8000",
        "localhost",
        "8000",
        "http:",
    )
    assert url.href == str(url) == request.url


def test_bodies() -> None:
    assert drive(live(b'{"a": [1]}').json()) == {"a": [1]}
    assert drive(live("hé".encode()).text()) == "hé"
    assert drive(live(b"\xff").bytes()) == b"\xff"
    form = Headers({"content-type": "application/x-www-form-urlencoded; charset=utf-8"})
    assert drive(live(b"a=1&b=x+y", headers=form).form_data()) == {"a": "1", "b": "x y"}
    request = live(b"[1]")
    assert drive(request.text()) == "[1]"
    assert drive(request.json()) == [1], "a body can be read twice"
    for bad in (
        live(b"{").json(),
        live(b"\xff").text(),
        live(b"a=1").form_data(),
        live(b"[" * 100_000).json(),
    ):
        with pytest.raises(BadRequest):
            drive(bad)


def test_context_functions_outside_a_request_say_so() -> None:
    with pytest.raises(StaticRoutesError, match="outside a request"):
        headers()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_segments_survive_encoding(text: str) -> None:
    encoded = encode_segment(text)
    assert encoded.isascii()
    assert not set(encoded) & set(' "#%<>?`{}|\\^[]/:@&=+$,;') - {"%"}
    assert decode_segment(encoded) == text
