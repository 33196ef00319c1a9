"""HTTP headers as on the web: case-insensitive, ordered, repeated names kept.

https://fetch.spec.whatwg.org/#headers-class
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Self

from staticroutes.errors import ResponseError

HeaderPairs = Iterable[tuple[str, str]]
HeadersInit = Mapping[str, str] | HeaderPairs | None

# RFC 9110, section 5.6.2: a field name is a token.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9110, section 5.5, and what a host's configuration file can hold: no controls but the tab.
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_header(name: str, value: str) -> tuple[str, str]:
    """The pair with its name in lower case and its value stripped; raises ResponseError."""
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ResponseError(f"a header cannot be named {name!r}", hint="use letters, digits and dashes")
    if not isinstance(value, str):
        raise ResponseError(
            f"the header {name} must be a string, not {type(value).__name__}", hint=f"str({value!r})"
        )
    if _UNSAFE.search(value):
        raise ResponseError(
            f"the header {name} holds a line break or another control character: {value!r}",
            hint="a header is one line; encode the value (percent, base64) or drop the character",
        )
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ResponseError(
            f"the header {name} holds a character that HTTP cannot carry: {value!r}",
            hint="percent-encode it: urllib.parse.quote(value)",
        ) from None
    return name.lower(), value.strip(" \t")


class Headers:
    """A request's headers: read-only, names in any case.

    ``get`` joins a repeated header with ``", "`` as on the web, ``get_all`` keeps its values apart.
    May be awaited, which gives the same object (``await headers()``).
    """

    __slots__ = ("_pairs",)

    def __init__(self, init: HeadersInit = None) -> None:
        self._pairs: list[tuple[str, str]] = []
        if init is not None:
            pairs = init.items() if isinstance(init, Mapping) else init
            self._pairs = [check_header(name, value) for name, value in pairs]

    @classmethod
    def trusted(cls, pairs: list[tuple[str, str]]) -> Self:
        """Headers of pairs that are known to be clean and lower-case; the list is kept, not copied."""
        made = cls.__new__(cls)
        made._pairs = pairs
        return made

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of ``name``, repeated ones joined with ``", "``, or ``default``."""
        values = self.get_all(name)
        return ", ".join(values) if values else default

    def get_all(self, name: str) -> list[str]:
        """Every value of ``name`` in order, ``[]`` where it is absent."""
        name = name.lower()
        return [value for key, value in self._pairs if key == name]

    def has(self, name: str) -> bool:
        """True where the header is present."""
        name = name.lower()
        return any(key == name for key, _ in self._pairs)

    def keys(self) -> list[str]:
        """The names, in lower case, each once, in order."""
        return list(dict.fromkeys(key for key, _ in self._pairs))

    def values(self) -> list[str]:
        """The values, one for each of ``keys()``."""
        return [self[key] for key in self.keys()]

    def items(self) -> list[tuple[str, str]]:
        """All pairs of a lower-case name and a value, repeated names kept."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._pairs == other._pairs

    __hash__ = None  # type: ignore[assignment]  # equality by content, as a mapping

    def __await__(self) -> Generator[None, None, Self]:
        return self
        yield

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"


class MutableHeaders(Headers):
    """A response's headers: ``set`` replaces, ``append`` repeats, ``delete`` removes.

    Values are checked when they are written: a line break raises ResponseError.
    """

    __slots__ = ()

    def set(self, name: str, value: str) -> None:
        """Replace every value of ``name`` by one."""
        pair = check_header(name, value)
        self._pairs = [kept for kept in self._pairs if kept[0] != pair[0]]
        self._pairs.append(pair)

    def append(self, name: str, value: str) -> None:
        """Add a value, keeping those that are there."""
        self._pairs.append(check_header(name, value))

    def delete(self, name: str) -> None:
        """Remove every value of ``name``; nothing happens where there is none."""
        name = name.lower()
        self._pairs = [kept for kept in self._pairs if kept[0] != name]

    def setdefault(self, name: str, value: str) -> str:
        """The present value, or ``value`` after setting it."""
        present = self.get(name)
        if present is None:
            self.set(name, value)
            return value
        return present

    def update(self, init: Mapping[str, str] | HeaderPairs) -> None:
        """Set every pair."""
        for name, value in init.items() if isinstance(init, Mapping) else init:
            self.set(name, value)

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if not self.has(name):
            raise KeyError(name)
        self.delete(name)
