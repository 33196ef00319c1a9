"""The outputs list of an earlier build, read line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator


def previous_rows(file: str) -> Iterator[tuple[str, str, str, int, str]]:
    """Path, file, route pattern, size and line of each output; nothing where there is no list.

    Damaged lines are passed over: what they listed is rendered again or left to the caller's checks.
    """
    try:
        stream = open(file, encoding="utf-8")  # noqa: SIM115
    except OSError:
        return
    with stream:
        for line in stream:
            try:
                row = json.loads(line)
                yield row["path"], row["file"], row["route"], row["size"], line
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
