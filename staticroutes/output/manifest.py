"""``_staticroutes/manifest.json``: what was built, and what is left for request time and why.

Nothing in it depends on the clock, the machine or the order of work, so the same input gives the same
bytes. Its JSON Schema is docs/manifest.schema.json.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

MANIFEST = "_staticroutes/manifest.json"
OUTPUTS = "_staticroutes/outputs.jsonl"
VERSION = 1


def encode_manifest(values: Mapping[str, Any]) -> bytes:
    """The manifest's bytes: a line for each key, and for each row of a list."""
    # json's own indentation is written in Python and takes ten times as long.
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines = []
    for key, value in values.items():
        if isinstance(value, list) and value:
            rows = ",\n  ".join(map(encode, value))
            lines.append(f" {encode(key)}: [\n  {rows}\n ]")
        else:
            lines.append(f" {encode(key)}: {encode(value)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8")


def load_manifest(directory: str) -> dict[str, Any] | None:
    """The manifest of an output directory; None where there is no readable one."""
    try:
        with open(os.path.join(directory, *MANIFEST.split("/")), "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
