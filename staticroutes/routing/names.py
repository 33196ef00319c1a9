"""What may stand as one segment of a path, in a URL and as a file name on every machine.

Rules, as in CONTRACT section 10: what could leave the output directory or cannot be seen (controls,
bidi controls, lone surrogates, separators) is refused; what some systems cannot hold (Windows
devices, a trailing dot, ``: * ? " < > |``) is a warning.
"""

from __future__ import annotations

import re

# The common case, decided by one match: no dot first or last, nothing that needs a second look.
_ORDINARY = re.compile(r"[A-Za-z0-9_~+@=,-](?:[A-Za-z0-9_~+@=,.-]*[A-Za-z0-9_~+@=,-])?")
# C0 and DEL, C1, the bidi controls of Unicode (UAX 9), line and paragraph separator, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]"
)
_UNPORTABLE = re.compile(r'[:*?"<>|]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: with any extension, and the
# superscript digits too.
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)
# A whole path of segments that every system can hold, decided by one match.
_PORTABLE_PATH = re.compile(
    r"(?:(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?:[ ./]|$))"
    r"[A-Za-z0-9_~+@=,.-]*[A-Za-z0-9_~+@=,-](?:/|$))*",
    re.IGNORECASE,
)
MAX_BYTES = 255


def name_problem(name: str) -> str | None:
    """Why ``name`` cannot be a path segment, or None where it can."""
    if _ORDINARY.fullmatch(name):
        return None if len(name) <= MAX_BYTES else _too_long(name)
    if not name:
        return "it is empty"
    if name in (".", ".."):
        return "it would leave its folder"
    if "/" in name:
        return "it holds a /"
    if "\\" in name:
        return "it holds a backslash"
    found = _INVISIBLE.search(name)
    if found:
        return f"it holds a control character or another that cannot be seen, U+{ord(found[0]):04X}"
    return _too_long(name) if len(name.encode("utf-8")) > MAX_BYTES else None


def _too_long(name: str) -> str:
    return f"it is {len(name.encode('utf-8'))} bytes long, and a file name holds {MAX_BYTES}"


def portability_problem(name: str) -> str | None:
    """Why a file of this name cannot be kept on Windows or in some archives, or None."""
    stem = name.partition(".")[0].rstrip(" ")
    if 3 <= len(stem) <= 7 and stem.upper() in _DEVICES:
        return "it is the name of a device on Windows"
    if _ORDINARY.fullmatch(name):
        return None
    if name[-1:] in (".", " "):
        return "it ends in a dot or a space, which Windows drops"
    found = _UNPORTABLE.search(name)
    return f"Windows has no file names with {found[0]}" if found else None


def unportable(path: str) -> str | None:
    """Why the file of a path cannot be kept on some systems, naming the segment, or None."""
    if _PORTABLE_PATH.fullmatch(path):
        return None
    for name in path.split("/"):
        problem = portability_problem(name) if name else None
        if problem:
            return f"{name!r}: {problem}"
    return None
