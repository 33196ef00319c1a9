"""The grammar of folder names, and what patterns do with params and paths."""

from __future__ import annotations

import json
import random
import re
import subprocess
import types
import unicodedata
from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staticroutes.errors import ParamsError, RoutingError
from staticroutes.routing.names import MAX_BYTES, name_problem, portability_problem, unportable
from staticroutes.routing.segments import Kind, Pattern, Segment
from staticroutes.routing.table import RouteTable

from .patterns import PATHS, WORDS, Entry, names, patterns, try_pattern


@pytest.mark.parametrize(
    ("text", "kind", "parts"),
    [
        pytest.param("about", Kind.STATIC, ("", "about", ""), id="static"),
        pytest.param("rss.xml", Kind.STATIC, ("", "rss.xml", ""), id="dots"),
        pytest.param(".well-known", Kind.STATIC, ("", ".well-known", ""), id="dot-first"),
        pytest.param("a b", Kind.STATIC, ("", "a b", ""), id="space"),
        pytest.param("%5Fname", Kind.STATIC, ("", "_name", ""), id="escaped-underscore"),
        pytest.param("%5fname", Kind.STATIC, ("", "_name", ""), id="escaped-in-lower-case"),
        pytest.param("%5Ba%5D", Kind.STATIC, ("", "[a]", ""), id="escaped-brackets"),
        pytest.param("%28a%29", Kind.STATIC, ("", "(a)", ""), id="escaped-parentheses"),
        pytest.param("a%20c", Kind.STATIC, ("", "a%20c", ""), id="other-escapes-are-text"),
        pytest.param("%255Fname", Kind.STATIC, ("", "%255Fname", ""), id="decoded-once-at-most"),
        pytest.param("cafe\u0301", Kind.STATIC, ("", "caf\u00e9", ""), id="nfd"),
        pytest.param("()", Kind.STATIC, ("", "()", ""), id="empty-group-is-text"),
        pytest.param("(..)photo", Kind.STATIC, ("", "(..)photo", ""), id="interception-is-text"),
        pytest.param("[slug]", Kind.PARAM, ("slug", "", ""), id="param"),
        pytest.param("[a-b]", Kind.PARAM, ("a-b", "", ""), id="hyphen-in-name"),
        pytest.param("[e\u0301t\u00e9]", Kind.PARAM, ("\u00e9t\u00e9", "", ""), id="nfd-name"),
        pytest.param("[slug].json", Kind.AFFIXED, ("slug", "", ".json"), id="suffix"),
        pytest.param("v[major]", Kind.AFFIXED, ("major", "v", ""), id="prefix"),
        pytest.param("a[b]c", Kind.AFFIXED, ("b", "a", "c"), id="both"),
        pytest.param("%5F[id]", Kind.AFFIXED, ("id", "_", ""), id="escape-beside-a-parameter"),
        pytest.param("e\u0301[id]", Kind.AFFIXED, ("id", "\u00e9", ""), id="nfd-beside-a-parameter"),
        pytest.param("@[user]", Kind.AFFIXED, ("user", "@", ""), id="at-beside-a-parameter"),
        pytest.param("[...path]", Kind.CATCH_ALL, ("path", "", ""), id="catch-all"),
        pytest.param("[[...path]]", Kind.OPTIONAL_CATCH_ALL, ("path", "", ""), id="optional"),
        pytest.param("(site)", Kind.GROUP, ("", "", ""), id="group"),
        pytest.param("@modal", Kind.GROUP, ("", "", ""), id="slot"),
        pytest.param("@me.json", Kind.STATIC, ("", "@me.json", ""), id="no-slot"),
        pytest.param("_parked", Kind.PRIVATE, ("", "", ""), id="private"),
        pytest.param("_[slug]", Kind.PRIVATE, ("", "", ""), id="private-with-brackets"),
    ],
)
def test_what_a_folder_name_means(text: str, kind: Kind, parts: tuple[str, str, str]) -> None:
    segment = Segment.parse(text)
    assert segment.kind is kind
    assert (segment.name, segment.prefix, segment.suffix) == parts


@pytest.mark.parametrize(
    "text",
    [
        *"[] [...] [[...]] [[]] [..a] [.a] [....a] [[a]] [a a] [a][b] [a]-[b] [a.b] [a/b] ][ [[...a]".split(),
        *"[...a]] x[...a] [...a].json [[...a]].json [[a].json .. . a\\b a\\[x]".split(),
        "[a b]",
        "[a\n]",
        "a\tb",
        "a\x7fb",
        "a\x85b",
        "a\u202eb",
        "a\udcffb",
        "a\x00[x]",
        "[x]\u2066",
        "(a\x1b)",
        "",
    ],
    ids=ascii,
)
def test_a_name_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(RoutingError) as caught:
        Segment.parse(text)
    assert caught.value.hint
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("/[...a]/b", "must come last", id="catch-all"),
        pytest.param("/[[...a]]/b", "must come last", id="optional"),
        pytest.param("/[a]/x/[a]", "occurs twice", id="repeated"),
        pytest.param("/[a]/[a].json", "occurs twice", id="repeated-with-text"),
        pytest.param("/[a]/[...a]", "occurs twice", id="repeated-catch-all"),
        pytest.param("/_a/x", "never routed", id="private"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(RoutingError, match=said):
        Pattern.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/", "/"),
        ("/a/(g)/b", "/a/b"),
        ("/%5Fa/[b].json", "/_a/[b].json"),
        ("/%5Ba%5D", "/%5Ba%5D"),
        ("/%5B[a]%5D/[...c]", "/%5B[a]%5D/[...c]"),
    ],
)
def test_the_text_of_a_pattern_tells_brackets_from_brackets(text: str, shown: str) -> None:
    assert Pattern.parse(text).text == shown


def params_for(pattern: Pattern, draw: Callable[[Any], Any]) -> dict[str, Any]:
    """Values that every pattern takes: no control characters, and not what would merge."""
    alphabet = "abcXYZ019 .-_~!'()*+?#%&=:@,;|\"<>$é世🌊"
    word = st.text(alphabet, min_size=1, max_size=12).filter(lambda value: name_problem(value) is None)
    params: dict[str, Any] = {}
    for segment in pattern.params:
        if segment.is_catch_all:
            least = 0 if segment.kind is Kind.OPTIONAL_CATCH_ALL else 1
            values = draw(st.lists(word, min_size=least, max_size=4))
            if values:
                params[segment.name] = values
        else:
            params[segment.name] = draw(word)
    return params


@settings(deadline=None, max_examples=300)
@given(st.data(), patterns())
def test_filling_and_matching_are_each_others_inverse(data: st.DataObject, pattern: Pattern) -> None:
    params = params_for(pattern, data.draw)
    url, decoded = pattern.fill(params)
    assert "/".join(unquote(part) for part in url.split("/")) == decoded
    assert re.fullmatch(r"[A-Za-z0-9\-._~!'()*/%]+", url)
    found = RouteTable([Entry(pattern, "route.py")]).match(decoded[1:].split("/") if decoded != "/" else [])
    assert found is not None
    assert found[1] == params


@settings(deadline=None, max_examples=300)
@given(st.data(), patterns())
def test_the_quick_way_and_the_careful_way_agree(data: st.DataObject, pattern: Pattern) -> None:
    """``place`` takes a short cut for plain values."""
    params = params_for(pattern, data.draw)
    # A Mapping that is no dict goes the careful way.
    careful = pattern.place(types.MappingProxyType(params))
    assert pattern.place(params) == careful == (*pattern.fill(params), params)


@settings(deadline=None, max_examples=500)
@given(patterns(), PATHS)
def test_the_regex_agrees_with_matching(pattern: Pattern, path: list[str]) -> None:
    found = re.fullmatch(pattern.regex, "/" + "/".join(path))
    params = try_pattern(pattern, path)
    assert (found is not None) == (params is not None)
    if found is not None and params is not None:
        groups = [
            (group or "").split("/") if segment.is_catch_all else group
            for segment, group in zip(pattern.params, found.groups(), strict=True)
            if group is not None
        ]
        assert groups == list(params.values())


def test_the_regex_refuses_empty_segments() -> None:
    for text in ("/[...a]", "/[[...a]]", "/[a]", "/d/[...a]", "/d/[[...a]]"):
        for path in ("//", "//x", "/d//x", "/d/x//y", "/d/x/", "/d/"):
            assert not re.fullmatch(Pattern.parse(text).regex, path), (text, path)


def test_the_regex_means_the_same_in_javascript(program: Callable[[str], str]) -> None:
    chance = random.Random(5)
    cases = []
    for _ in range(1500):
        length = chance.randrange(4)
        folders = [chance.choice(names(position)) for position in range(length)]
        folders += chance.choice([[], [], ["[...rest]"], ["[[...rest]]"]])
        path = [
            chance.choice([*WORDS, "éa", "$1^", "x.q", "aqb", "世", "🌊b"])
            for _ in range(chance.randrange(5))
        ]
        if chance.random() < 0.6:  # near misses and hits, not only misses
            path = [re.sub(r"\[.*\]", chance.choice(WORDS), folder) for folder in folders]
        cases.append((Pattern.parse(tuple(folders)).regex, "/" + "/".join(path)))
    script = (
        "const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const all = flags => cases.map(([regex, path]) => {"
        "  const found = new RegExp(regex, flags).exec(path);"
        "  return found && found.slice(1).map(x => x ?? null) });"
        "console.log(JSON.stringify([all(''), all('u')]))"
    )
    ran = subprocess.run(
        [program("node"), "-e", script],
        input=json.dumps(cases).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    ours = [(found := re.fullmatch(regex, path)) and list(found.groups()) for regex, path in cases]
    assert sum(groups is not None for groups in ours) > 300
    assert json.loads(ran.stdout) == [ours, ours]


class Colour(str, Enum):  # noqa: UP042  (its str() is Colour.RED)
    RED = "red"


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("text", "item", "params"),
    [
        pytest.param("/[a]", {"a": "x"}, {"a": "x"}, id="text"),
        pytest.param("/[a]", {"a": 7}, {"a": "7"}, id="int"),
        pytest.param("/[a]", {"a": -7}, {"a": "-7"}, id="negative"),
        pytest.param("/[a]", {"a": 0}, {"a": "0"}, id="zero"),
        pytest.param("/[a]", {"a": Colour.RED}, {"a": "red"}, id="str-enum"),
        pytest.param("/[a]", {"a": Level.LOW}, {"a": "1"}, id="int-enum"),
        pytest.param("/[a]", {"a": "e\u0301"}, {"a": "\u00e9"}, id="nfd"),
        pytest.param("/[a]", {"a": "a b%+?#"}, {"a": "a b%+?#"}, id="signs"),
        pytest.param("/[a]", {"a": "..."}, {"a": "..."}, id="three-dots"),
        pytest.param("/[a]", {"a": "x" * 255}, {"a": "x" * 255}, id="longest"),
        pytest.param("/[a].json", {"a": "."}, {"a": "."}, id="dot-with-text"),
        pytest.param("/[a].json", {"a": "x" * 250}, {"a": "x" * 250}, id="longest-with-text"),
        pytest.param("/[...a]", {"a": ["x", 7]}, {"a": ["x", "7"]}, id="catch-all"),
        pytest.param("/[...a]", {"a": ("x",)}, {"a": ["x"]}, id="tuple"),
        pytest.param("/[[...a]]", {}, {}, id="optional-absent"),
        pytest.param("/[[...a]]", {"a": []}, {}, id="optional-empty"),
        pytest.param("/[a]/[b]", {"b": "y", "a": "x"}, {"a": "x", "b": "y"}, id="any-order"),
    ],
)
def test_what_params_become(text: str, item: dict[str, Any], params: dict[str, Any]) -> None:
    path, decoded, checked = Pattern.parse(text).place(item)
    assert checked == params
    assert all(type(value) in (str, list) for value in checked.values())
    assert (path, decoded) == Pattern.parse(text).fill(params)


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("text", "item"),
    [
        pytest.param("/[a]", {"a": Unshowable()}, id="cannot-be-shown"),
        pytest.param("/[a]", {"a": 10**5000}, id="too-many-digits"),
        pytest.param("/[a]", {"a": "x" * 1_000_000}, id="a-megabyte"),
        pytest.param("/e[a]", {"a": "\u0301x"}, id="merges-with-the-text-before"),
        pytest.param("/[a]", {"b": "x"}, id="other-key"),
        pytest.param("/[a]", {"a": "x", 7: "y"}, id="key-no-text"),
        pytest.param("/[a]", ["a"], id="list"),
        pytest.param("/[...a]", {"a": {"x", "y"}}, id="set-has-no-order"),
        pytest.param("/[...a]", {"a": ["x", ["y"]]}, id="list-in-list"),
        pytest.param("/[...a]", {"a": ["x", ""]}, id="empty-part"),
    ],
)
def test_bad_params_are_an_error_that_is_short_and_visible(text: str, item: Any) -> None:
    with pytest.raises(ParamsError) as caught:
        Pattern.parse(text).place(item)
    assert caught.value.message.isascii()
    assert len(str(caught.value)) < 500


@settings(deadline=None, max_examples=500)
@given(
    st.text(st.characters(), min_size=1, max_size=6), st.sampled_from(["/[a]", "/[a].json", "/v[a]", "/é[a]"])
)
def test_no_value_leaves_its_place(value: str, text: str) -> None:
    """Whatever a value is: it is refused, or it is one NFC segment that can be seen."""
    try:
        path, decoded, params = Pattern.parse(text).place({"a": value})
    except ParamsError:
        return
    assert decoded.count("/") == 1
    assert decoded[1:] not in ("", ".", "..")
    assert unicodedata.is_normalized("NFC", decoded)
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in decoded)
    assert params["a"] == unicodedata.normalize("NFC", value)
    assert unquote(path) == decoded


BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), *BIDI, 0x2028, 0x2029, 0xD800, 0xDFFF])
def test_every_control_character_is_refused(code: int) -> None:
    for name in (chr(code), f"a{chr(code)}", f"{chr(code)}a", f"a{chr(code)}b"):
        assert name_problem(name), ascii(name)


def test_length_is_counted_in_bytes() -> None:
    assert name_problem("é" * 127) is None
    assert name_problem("é" * 128) == f"it is 256 bytes long, and a file name holds {MAX_BYTES}"
    assert name_problem("x" * 255) is None
    assert name_problem("x" * 256)


@pytest.mark.parametrize(
    "name",
    [
        "CON",
        "con",
        "nul.txt",
        "aux.tar.gz",
        "COM1",
        "com¹.json",
        "LPT9",
        "CONIN$",
        "conout$.x",
        "prn .txt",
        "a.",
        "a ",
        "...",
    ]
    + [f"a{sign}b" for sign in ':*?"<>|'],
)
def test_names_that_windows_cannot_hold(name: str) -> None:
    assert portability_problem(name)
    assert unportable(f"a/{name}")
    assert unportable(f"a/{name}/b.txt")
    assert name_problem(name) is None


@pytest.mark.parametrize(
    "name", ["console", "nulls.txt", "com10", "COM", "a.b", ".x", "a b", "é", "x~1", "confetti", "aux2"]
)
def test_names_that_every_system_holds(name: str) -> None:
    assert portability_problem(name) is None
    assert unportable(f"a/{name}/b.txt") is None


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(["con", "CON.x", "a", "a.", "b c", "é", "x:y", "aux", "nul .a", "com1", ".a"]),
        min_size=1,
        max_size=4,
    )
)
def test_a_path_is_portable_when_each_of_its_names_is(parts: list[str]) -> None:
    assert (unportable("/".join(parts)) is None) == all(portability_problem(part) is None for part in parts)
