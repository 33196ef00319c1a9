"""The grammar of folder names, and patterns made of them.

    name                  kind                 in the URL
    about, rss.xml, a-b   STATIC               itself
    [slug]                PARAM                one segment
    [slug].json, v[n]     AFFIXED              one segment with literal text around the parameter
    [...slug]             CATCH_ALL            one segment or more
    [[...slug]]           OPTIONAL_CATCH_ALL   none, one or more
    (name), @name         GROUP                nothing (a route group; what Next.js calls a slot)
    _name                 PRIVATE              never routed
    %5Fname               STATIC               /_name; %5B %5D %28 %29 %40 escape the other signs

Precedence at a segment is the order of Kind: STATIC, AFFIXED (longer literal text first), PARAM,
CATCH_ALL, OPTIONAL_CATCH_ALL.

https://nextjs.org/docs/app/getting-started/project-structure
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from staticroutes.errors import ParamsError, RoutingError
from staticroutes.http.urls import encode_segment
from staticroutes.routing.names import MAX_BYTES, name_problem


class Kind(enum.IntEnum):
    """What a folder name means; in the order of precedence."""

    STATIC = 0
    AFFIXED = 1
    PARAM = 2
    CATCH_ALL = 3
    OPTIONAL_CATCH_ALL = 4
    GROUP = 5
    PRIVATE = 6


_BRACKETS = re.compile(r"(?P<prefix>[^\[\]]*)\[(?P<name>[^\[\]]*)\](?P<suffix>[^\[\]]*)")
_PARAM_NAME = re.compile(r"[\w-]+")
_GROUP = re.compile(r"\(.+\)|@[\w-]+", re.DOTALL)
# Values that stand in a URL and in a file name as they are, of a length that fits with any affix.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")
_ESCAPED = re.compile(r"%(5[FBDfbd]|28|29|40)")
_SEVERAL = "[^/]+(?:/[^/]+)*"
"""Segments, none of them empty: ``/a//b`` is no URL of a catch-all."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One folder of a route's path."""

    kind: Kind
    text: str
    """The folder name, NFC: macOS and some archives store ``é`` as two characters."""
    name: str = ""
    """The parameter's name."""
    prefix: str = ""
    """The literal text before the parameter; for STATIC the whole of it."""
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Segment:
        """The segment that a folder name stands for; raises RoutingError where it means nothing."""
        text = unicodedata.normalize("NFC", text)
        problem = name_problem(text)
        if problem:
            raise RoutingError(f"{text!a} cannot be part of a URL: {problem}", hint="rename the folder")
        if text.startswith("_"):
            return cls(Kind.PRIVATE, text)
        if _GROUP.fullmatch(text):
            return cls(Kind.GROUP, text)
        if text.startswith("[[") and text.endswith("]]"):
            if not text.startswith("[[..."):
                raise RoutingError(
                    f"{text} is no segment: an optional parameter must be a catch-all",
                    hint=f"make it [[...{text[2:-2]}]], or [{text[2:-2]}] with a second route above it",
                )
            return cls(Kind.OPTIONAL_CATCH_ALL, text, _param_name(text[5:-2], text))
        if "[" not in text and "]" not in text:
            return cls(Kind.STATIC, text, prefix=_literal(text))
        found = _BRACKETS.fullmatch(text)
        if not found:
            raise RoutingError(
                f"{text} is no segment: a segment has one parameter, [name], with literal text around it",
                hint="use one folder for each parameter, or %5B and %5D for brackets in the URL",
            )
        prefix, name, suffix = found["prefix"], found["name"], found["suffix"]
        if name.startswith("..."):
            if prefix or suffix:
                raise RoutingError(
                    f"{text} is no segment: a catch-all stands alone", hint=f"make it [{name}]"
                )
            return cls(Kind.CATCH_ALL, text, _param_name(name[3:], text))
        name = _param_name(name, text)
        if prefix or suffix:
            prefix, suffix = map(_literal, (prefix, suffix))
            return cls(Kind.AFFIXED, text, name, prefix, suffix)
        return cls(Kind.PARAM, text, name)

    @property
    def shown(self) -> str:
        """The segment in a pattern's text; brackets that are literal stay escaped there."""
        if not (self.prefix or self.suffix):
            return self.text
        prefix, suffix = (part.replace("[", "%5B").replace("]", "%5D") for part in (self.prefix, self.suffix))
        return f"{prefix}[{self.name}]{suffix}" if self.is_dynamic else prefix

    @property
    def is_dynamic(self) -> bool:
        """True for a segment with a parameter."""
        return Kind.AFFIXED <= self.kind <= Kind.OPTIONAL_CATCH_ALL

    @property
    def is_catch_all(self) -> bool:
        """True for both kinds of catch-all."""
        return self.kind in (Kind.CATCH_ALL, Kind.OPTIONAL_CATCH_ALL)


def _literal(text: str) -> str:
    """Literal text of a folder name as it stands in the URL."""
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)


def _param_name(name: str, text: str) -> str:
    if not name:
        raise RoutingError(
            f"{text} is no segment: its parameter has no name",
            hint=f"name what stands there: {text.replace('...]', '...path]').replace('[]', '[slug]')}",
        )
    if name.startswith("."):
        raise RoutingError(
            f"{text} is no segment: a catch-all has three dots",
            hint=f"a catch-all is [...{name.lstrip('.')}], one segment [{name.lstrip('.')}]",
        )
    if not _PARAM_NAME.fullmatch(name):
        raise RoutingError(
            f"{text} is no segment: a parameter's name has letters, digits, _ and - only",
            hint="rename the parameter, for instance [slug]",
        )
    return name


@dataclass(frozen=True, slots=True)
class Pattern:
    """The URL pattern of a route: its segments without groups."""

    segments: tuple[Segment, ...]
    params: tuple[Segment, ...] = field(init=False, compare=False)
    """The dynamic segments, in order."""
    _quick: tuple[tuple[str, ...], str, str] | None = field(init=False, compare=False, repr=False)
    """Parameter names and the two paths with ``%s`` for the values, where each is one segment."""

    def __post_init__(self) -> None:
        params = tuple(segment for segment in self.segments if segment.is_dynamic)
        object.__setattr__(self, "params", params)
        quick = None
        # After literal text beyond ASCII even a plain value needs a look: it may merge with it.
        around = [segment.prefix + segment.suffix for segment in params]
        if (
            params
            and not any(segment.is_catch_all for segment in params)
            and all(text.isascii() and len(text) <= 150 for text in around)
        ):
            affixed = [(s.prefix, s.suffix) if s.is_dynamic else (s.prefix, None) for s in self.segments]
            url, plain = (
                "".join(
                    "/" + made(before).replace("%", "%%")
                    if after is None
                    else f"/{made(before).replace('%', '%%')}%s{made(after).replace('%', '%%')}"
                    for before, after in affixed
                )
                for made in (encode_segment, str)
            )
            quick = (tuple(segment.name for segment in params), url, plain)
        object.__setattr__(self, "_quick", quick)

    @classmethod
    def parse(cls, folders: tuple[str, ...] | str) -> Pattern:
        """The pattern of a path of folders, or of its text (``/api/items/[slug]``); raises RoutingError."""
        if isinstance(folders, str):
            folders = tuple(part for part in folders.split("/") if part)
        segments = tuple(segment for segment in map(Segment.parse, folders) if segment.kind is not Kind.GROUP)
        seen: set[str] = set()
        for position, segment in enumerate(segments):
            if segment.kind is Kind.PRIVATE:
                raise RoutingError(
                    f"{segment.text} is the name of a private folder, which is never routed",
                    hint=f"%5F{segment.text[1:]} is /{segment.text} in the URL",
                )
            if segment.is_catch_all and position < len(segments) - 1:
                raise RoutingError(
                    f"the catch-all {segment.text} must come last", hint="nothing can follow a catch-all"
                )
            if segment.is_dynamic:
                if segment.name in seen:
                    raise RoutingError(
                        f"the parameter {segment.name} occurs twice in one path",
                        hint="give each dynamic segment a name of its own",
                    )
                seen.add(segment.name)
        return cls(segments)

    @property
    def text(self) -> str:
        """``/api/items/[slug]``; the root is ``/``."""
        return "/" + "/".join(segment.shown for segment in self.segments)

    @property
    def regex(self) -> str:
        """A regular expression over the decoded path, valid in Python and in JavaScript."""
        parts = []
        for position, segment in enumerate(self.segments):
            match segment.kind:
                case Kind.STATIC:
                    parts.append("/" + _escape(segment.prefix))
                case Kind.AFFIXED:
                    parts.append(f"/{_escape(segment.prefix)}([^/]+){_escape(segment.suffix)}")
                case Kind.PARAM:
                    parts.append("/([^/]+)")
                case Kind.CATCH_ALL:
                    parts.append(f"/({_SEVERAL})")
                case _:
                    parts.append(f"(?:/({_SEVERAL}))?" if position else f"/({_SEVERAL})?")
        return f"^{''.join(parts) or '/'}$"

    def place(self, item: Any) -> tuple[str, str, dict[str, Any]]:
        """URL path, decoded path and params of one item of ``generate_static_params``: check_params and
        fill in one, and quick for values that need neither encoding nor a second look."""
        if self._quick is not None and type(item) is dict:
            names, url, plain = self._quick
            if len(item) == len(names):
                params = {}
                for name in names:
                    value = item.get(name)
                    if type(value) is not str or not _PLAIN_VALUE.fullmatch(value):
                        break
                    params[name] = value
                else:
                    values = tuple(params.values())
                    return url % values, plain % values, params
        checked = self.check_params(item)
        path, decoded = self.fill(checked)
        return path, decoded, checked

    def fill(self, params: Mapping[str, Any]) -> tuple[str, str]:
        """The URL path (percent-encoded) and the decoded path for checked params (see check_params)."""
        url: list[str] = []
        plain: list[str] = []
        for segment in self.segments:
            if segment.kind is Kind.STATIC:
                url.append(encode_segment(segment.prefix))
                plain.append(segment.prefix)
            elif segment.is_catch_all:
                values = params.get(segment.name, ())
                url.extend(map(encode_segment, values))
                plain.extend(values)
            else:
                value = f"{segment.prefix}{params[segment.name]}{segment.suffix}"
                url.append(encode_segment(value))
                plain.append(value)
        return "/" + "/".join(url), "/" + "/".join(plain)

    def check_params(self, item: Any) -> dict[str, Any]:
        """The params of one item of ``generate_static_params``, as a handler gets them.

        ``int`` becomes ``str``, tuples lists, text NFC. Raises ParamsError, which shows the item.
        """
        if type(item) is not dict and not isinstance(item, Mapping):
            raise ParamsError(
                f"generate_static_params gave {_short(item)}, which is no mapping",
                hint="yield {" + ", ".join(f'"{s.name}": …' for s in self.params) + "}",
            )
        checked: dict[str, Any] = {}
        for segment in self.params:
            if segment.name in item:
                value = item[segment.name]
                if segment.is_catch_all:
                    values = _catch_all_values(segment, value, item)
                    if values:
                        checked[segment.name] = values
                else:
                    checked[segment.name] = _value(segment, value, item)
            elif segment.kind is not Kind.OPTIONAL_CATCH_ALL:
                raise ParamsError(
                    f"generate_static_params gave {_short(item)}, which has no {segment.name!r}",
                    hint=f"every item needs a value for each dynamic segment of {self.text}",
                )
        if len(item) > len(checked):
            names = {segment.name for segment in self.params}
            extra = [str(key) for key in item if key not in names]
            if extra:
                raise ParamsError(
                    f"generate_static_params gave {_short(item)}, and {self.text} has no {extra[0]!r}",
                    hint=f"the dynamic segments are {', '.join(sorted(names))}",
                )
        return checked


def _value(segment: Segment, value: Any, item: Any) -> str:
    if type(value) is not str:
        value = _text(segment, value, item)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    whole = f"{segment.prefix}{value}{segment.suffix}" if value else value
    problem = name_problem(whole)
    if problem is None and not whole.isascii() and not unicodedata.is_normalized("NFC", whole):
        problem = "it begins with a sign that merges with the text around it"
    if problem:
        hint = "leave the item out, or give it a value that a file can be named after"
        if "/" in value:
            hint = "one value for each segment: value.split('/')"
            if not segment.is_catch_all:
                hint = f"[...{segment.name}] takes several segments"
        raise ParamsError(
            f"generate_static_params gave {_short(item)}: {_short(value)} cannot be part of a URL: {problem}",
            hint=hint,
        )
    return str(value)


def _text(segment: Segment, value: Any, item: Any) -> str:
    """The text of a value that is no plain str; of a str or int enum that of its value."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return int.__repr__(value)
        except ValueError:  # more digits than Python writes out
            raise ParamsError(
                f"generate_static_params gave an int for {segment.name!r} that cannot be part of a URL:"
                f" it has more than {MAX_BYTES} digits",
                hint="give the route a shorter parameter",
            ) from None
    if isinstance(value, (list, tuple)) and not segment.is_catch_all:
        hint = f"a list goes with [...{segment.name}]"
    elif value is None or isinstance(value, (list, tuple)):
        hint = "leave out what has no value"
    elif isinstance(value, (bytes, bytearray)):
        hint = f"{_short(value)}.decode()"
    else:
        hint = f"str({_short(value)}), if that is meant"
    which = f"each value of {segment.name!r}" if segment.is_catch_all else repr(segment.name)
    raise ParamsError(
        f"generate_static_params gave {_short(item)}: {which} must be str or int, not {type(value).__name__}",
        hint=hint,
    )


def _catch_all_values(segment: Segment, value: Any, item: Any) -> list[str]:
    if not isinstance(value, (list, tuple)):
        hint = f"{segment.name!r}: a list or a tuple, one value for each segment"
        if isinstance(value, str):
            hint = f"{segment.name!r}: {_short([part for part in value.split('/') if part])}"
        elif value is None and segment.kind is Kind.OPTIONAL_CATCH_ALL:
            hint = f"{{{segment.name!r}: []}} is the bare path"
        raise ParamsError(
            f"generate_static_params gave {_short(item)}: {segment.name!r} must be a list of segments,"
            f" not {type(value).__name__}",
            hint=hint,
        )
    if not value and segment.kind is Kind.CATCH_ALL:
        raise ParamsError(
            f"generate_static_params gave {_short(item)}: [...{segment.name}] needs one segment at least",
            hint=f"[[...{segment.name}]] answers the bare path too",
        )
    return [_value(segment, part, item) for part in value]


def _short(value: Any) -> str:
    """A value for messages: ASCII, so that what cannot be seen shows, and not too long."""
    try:
        text = ascii(value)
    except Exception:  # a __repr__ of the author's, an int of ten thousand digits
        return f"a {type(value).__name__}"
    return text if len(text) <= 120 else f"{text[:117]}..."


def _escape(text: str) -> str:
    # Only the signs that both languages agree on: JavaScript's u flag refuses other escapes.
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", lambda sign: "/" if sign[0] == "/" else "\\" + sign[0], text)
