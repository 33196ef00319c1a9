"""The grammar of folder names, and patterns made of them.

    name                  kind                 in the URL
    about, rss.xml, a-b   STATIC               itself
    [slug]                PARAM                one segment
    [slug].json, v[n]     AFFIXED              one segment with literal text around the parameter
    [...slug]             CATCH_ALL            one segment or more
    [[...slug]]           OPTIONAL_CATCH_ALL   none, one or more
    (name)                GROUP                nothing
    _name                 PRIVATE              never routed
    %5Fname               STATIC               /_name; %5B %5D %28 %29 escape the other signs

Precedence at a segment is the order of Kind: STATIC, AFFIXED (longer literal text first), PARAM,
CATCH_ALL, OPTIONAL_CATCH_ALL.

https://nextjs.org/docs/app/getting-started/project-structure
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staticroutes.errors import ParamsError, RoutingError
from staticroutes.http.urls import encode_segment
from staticroutes.routing.names import name_problem


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
_ESCAPED = re.compile(r"%(5[FBDfbd]|28|29)")


@dataclass(frozen=True, slots=True)
class Segment:
    """One folder of a route's path."""

    kind: Kind
    text: str
    """The folder name as written."""
    name: str = ""
    """The parameter's name."""
    prefix: str = ""
    """The literal text before the parameter; for STATIC the whole of it."""
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Segment:
        """The segment that a folder name stands for; raises RoutingError where it means nothing."""
        if text.startswith("_"):
            return cls(Kind.PRIVATE, text)
        if text.startswith("(") and text.endswith(")") and len(text) > 2:
            return cls(Kind.GROUP, text)
        if text.startswith("[[") and text.endswith("]]"):
            if not text.startswith("[[..."):
                raise RoutingError(
                    f"{text} is no segment: an optional parameter must be a catch-all",
                    hint=f"[[...{text[2:-2]}]], or a second route without it",
                )
            return cls(Kind.OPTIONAL_CATCH_ALL, text, _param_name(text[5:-2], text))
        if "[" not in text and "]" not in text:
            literal = unicodedata.normalize("NFC", _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text))
            problem = name_problem(literal)
            if problem:
                raise RoutingError(f"{text!r} cannot be part of a URL: {problem}")
            return cls(Kind.STATIC, text, prefix=literal)
        found = _BRACKETS.fullmatch(text)
        if not found:
            raise RoutingError(
                f"{text} is no segment: a segment has one parameter, [name], with literal text around it",
                hint="use one folder for each parameter, or %5B and %5D for brackets in the URL",
            )
        prefix, name, suffix = found["prefix"], found["name"], found["suffix"]
        if name.startswith("..."):
            if prefix or suffix:
                raise RoutingError(f"{text} is no segment: a catch-all stands alone", hint=f"[{name}]")
            return cls(Kind.CATCH_ALL, text, _param_name(name[3:], text))
        name = _param_name(name, text)
        if prefix or suffix:
            return cls(Kind.AFFIXED, text, name, prefix, suffix)
        return cls(Kind.PARAM, text, name)

    @property
    def is_dynamic(self) -> bool:
        """True for a segment with a parameter."""
        return Kind.AFFIXED <= self.kind <= Kind.OPTIONAL_CATCH_ALL

    @property
    def is_catch_all(self) -> bool:
        """True for both kinds of catch-all."""
        return self.kind in (Kind.CATCH_ALL, Kind.OPTIONAL_CATCH_ALL)


def _param_name(name: str, text: str) -> str:
    if not name:
        raise RoutingError(f"{text} is no segment: its parameter has no name", hint="[slug]")
    if name.startswith("."):
        raise RoutingError(
            f"{text} is no segment: a catch-all has three dots", hint=f"[...{name.lstrip('.')}]"
        )
    if not _PARAM_NAME.fullmatch(name):
        raise RoutingError(
            f"{text} is no segment: a parameter's name has letters, digits, _ and - only", hint="[slug]"
        )
    return name


@dataclass(frozen=True, slots=True)
class Pattern:
    """The URL pattern of a route: its segments without groups."""

    segments: tuple[Segment, ...]

    @classmethod
    def parse(cls, folders: tuple[str, ...] | str) -> Pattern:
        """The pattern of a path of folders, or of its text (``/api/items/[slug]``); raises RoutingError."""
        if isinstance(folders, str):
            folders = tuple(part for part in folders.split("/") if part)
        segments = tuple(segment for segment in map(Segment.parse, folders) if segment.kind is not Kind.GROUP)
        seen: set[str] = set()
        for position, segment in enumerate(segments):
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
        return "/" + "/".join(
            segment.prefix if segment.kind is Kind.STATIC else segment.text for segment in self.segments
        )

    @property
    def params(self) -> tuple[Segment, ...]:
        """The dynamic segments, in order."""
        return tuple(segment for segment in self.segments if segment.is_dynamic)

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
                    parts.append("/(.+)")
                case _:
                    parts.append("(?:/(.+))?" if position else "/(.+)?")
        return f"^{''.join(parts) or '/'}$"

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
    kind = type(value)
    if kind is int:
        value = str(value)
    elif kind is not str:
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise ParamsError(
                f"generate_static_params gave {_short(item)}: {segment.name!r} must be str or int,"
                f" not {kind.__name__}",
                hint=f"{segment.name!r}: a list goes with [...{segment.name}]"
                if isinstance(value, (list, tuple))
                else f"str({value!r})",
            )
        value = str(value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    problem = name_problem(f"{segment.prefix}{value}{segment.suffix}" if value else value)
    if problem:
        hint = (
            f"[...{segment.name}] takes several segments"
            if "/" in value and not segment.is_catch_all
            else None
        )
        raise ParamsError(
            f"generate_static_params gave {_short(item)}: {value!a} cannot be part of a URL: {problem}",
            hint=hint,
        )
    return str(value)


def _catch_all_values(segment: Segment, value: Any, item: Any) -> list[str]:
    if not isinstance(value, (list, tuple)):
        raise ParamsError(
            f"generate_static_params gave {_short(item)}: {segment.name!r} must be a list of segments,"
            f" not {type(value).__name__}",
            hint=f"{str(value).strip('/').split('/')!r}" if isinstance(value, str) else None,
        )
    if not value and segment.kind is Kind.CATCH_ALL:
        raise ParamsError(
            f"generate_static_params gave {_short(item)}: [...{segment.name}] needs one segment at least",
            hint=f"[[...{segment.name}]] answers the bare path too",
        )
    return [_value(segment, part, item) for part in value]


def _short(item: Any) -> str:
    text = ascii(item)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _escape(text: str) -> str:
    # Only the signs that both languages agree on: JavaScript's u flag refuses other escapes.
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", lambda sign: "/" if sign[0] == "/" else "\\" + sign[0], text)
