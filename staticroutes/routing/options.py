"""Segment options: the names a route module sets beside its handlers, checked.

https://nextjs.org/docs/app/api-reference/file-conventions/route-segment-config
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Dynamic = Literal["auto", "force-static", "force-dynamic", "error"]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class SegmentOptions:
    """What a route says about itself."""

    dynamic: Dynamic = "auto"
    dynamic_params: bool = True
    revalidate: int | Literal[False] = False
    """Seconds; 0 is never static, False never again. Compare with ``is``: ``False == 0`` in Python."""
    revalidate_written: bool = False
    """True where the module says ``revalidate`` itself, and so how old its answer may be."""
    runtime: str = "python"
    preferred_region: str | tuple[str, ...] = "auto"
    fetch_cache: str = "auto"
    max_duration: int | None = None
    """Seconds one call may take; None leaves it to the configuration's ``timeout``."""

    @property
    def is_never_static(self) -> bool:
        """True under ``force-dynamic`` and under ``revalidate = 0``."""
        return self.dynamic == "force-dynamic" or (self.revalidate is not False and self.revalidate == 0)


def _one_of(*words: str) -> Callable[[Any], str | None]:
    listed = ", ".join(f'"{word}"' for word in words)
    return lambda value: None if isinstance(value, str) and value in words else f"one of {listed}"


def _is_bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def _is_revalidate(value: Any) -> str | None:
    if value is False or (type(value) is int and value >= 0):
        return None
    return "a whole number of seconds (0 or more), or False"


def _is_seconds(value: Any) -> str | None:
    return None if type(value) is int and value > 0 else "a whole number of seconds above 0"


def _is_region(value: Any) -> str | None:
    if isinstance(value, str) or (
        isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
    ):
        return None
    return "a region's name, or a list of them"


_WORDS: Mapping[str, tuple[str, ...]] = {
    "dynamic": ("auto", "force-static", "force-dynamic", "error"),
    "runtime": ("python",),
    "fetch_cache": (
        "auto",
        "default-cache",
        "only-cache",
        "force-cache",
        "force-no-store",
        "default-no-store",
        "only-no-store",
    ),
}

# Name → what is wanted instead, or None where the value is right.
OPTIONS: Mapping[str, Callable[[Any], str | None]] = {
    "dynamic": _one_of(*_WORDS["dynamic"]),
    "dynamic_params": _is_bool,
    "revalidate": _is_revalidate,
    "runtime": _one_of(*_WORDS["runtime"]),
    "preferred_region": _is_region,
    "fetch_cache": _one_of(*_WORDS["fetch_cache"]),
    "max_duration": _is_seconds,
}


def nearest_word(name: str, value: str) -> str | None:
    """The word that is meant by a misspelt value of an option, or None."""
    near = get_close_matches(value.lower().replace("_", "-"), _WORDS.get(name, ()), 1)
    return near[0] if near else None


def read_options(values: Mapping[str, Any]) -> tuple[SegmentOptions, list[tuple[str, str]]]:
    """The options among ``values``, and for each bad one its name with what is wanted instead."""
    found: dict[str, Any] = {}
    bad: list[tuple[str, str]] = []
    for name, wanted in OPTIONS.items():
        if name in values:
            wrong = wanted(values[name])
            if wrong:
                bad.append((name, wrong))
            else:
                found[name] = tuple(values[name]) if isinstance(values[name], list) else values[name]
    return SegmentOptions(**found, revalidate_written="revalidate" in found), bad
