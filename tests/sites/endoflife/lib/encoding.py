"""JSON as the site writes it: compact UTF-8, dates as ``YYYY-MM-DD``, one newline at the end of a file."""

from datetime import date
from json import JSONEncoder
from typing import Any

_encode = JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), default=date.isoformat
).encode


def json_text(value: Any) -> str:
    """A value as it stands inside a document."""
    return _encode(value)


def json_line(value: Any) -> str:
    """A value as a whole file."""
    return _encode(value) + "\n"


def json_array(items: list[str]) -> str:
    """An array of items that are JSON already."""
    return f"[{','.join(items)}]"


def json_merge(*objects: str) -> str:
    """One object with the members of all, none empty: ``{"a":1}`` and ``{"b":2}`` give ``{"a":1,"b":2}``."""
    return f"{{{','.join([text[1:-1] for text in objects])}}}"
