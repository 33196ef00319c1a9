"""The standard streams: no locale, no closed or broken one, and nothing that handlers print may end a
command or get into what it was asked for."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import IO

import click

from staticroutes.errors import StaticRoutesError

_PLAIN = {"○": "o", "ƒ": "f", "…": "..."}
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""What could move the cursor or turn the writing: it stands in messages because it stood in data."""


def use_utf8() -> None:
    """Begin anew in UTF-8 mode where file names would be written in another encoding (``LC_ALL=C``).

    The names of outputs are UTF-8, and a text that a handler opens must not depend on the locale.
    """
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get("PYTHONUTF8") == "1" or not sys.executable:
        return
    changed = {**os.environ, "PYTHONUTF8": "1"}
    if sys.stdout is not None:
        # What a terminal can show does not change with it.
        changed.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], changed)  # noqa: S606


def make_safe() -> None:
    """Give every standard stream somewhere to lead, and a way to show any character."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is this one. Left closed, a file of ours would take it, and what
            # handlers print would go there.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    codecs.register_error("staticroutes", _as_can_be_shown)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="staticroutes")


def _as_can_be_shown(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        sign = error.object[error.start]
        if sign in _PLAIN:
            return _PLAIN[sign], error.start + 1
    return codecs.backslashreplace_errors(error)


@contextlib.contextmanager
def stdout_of_ours() -> Iterator[IO[str]]:
    """Standard output for the command alone: what handlers print goes to stderr, from native code too.

    It stays so afterwards, because C libraries write what they have gathered when the process ends.
    """
    stdout: IO[str] = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        if stdout is not sys.__stdout__ or stdout is None:
            yield stdout
            return
        stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
        with open(kept, "w", encoding=stdout.encoding, errors="staticroutes") as ours:
            yield ours


def say(text: str, stream: IO[str], *, prefix: str = "") -> None:
    """Print what a command was asked for, or what it has to say; ``prefix`` may hold colours.

    A reader who has gone away (``| head``) does not matter. Raises StaticRoutesError where standard
    output cannot be written.
    """
    try:
        click.echo(prefix + text.translate(_CONTROLS), file=stream, color=colors(stream))
        stream.flush()
    except OSError as error:
        # What is left in the buffer must not fail once more at the end.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise StaticRoutesError(f"standard output cannot be written: {error.strerror}") from error


def complain(kind: str, text: str) -> None:
    """Print ``error: …`` or ``warning: …`` to stderr."""
    color = "red" if kind == "error" else "yellow"
    say(text, sys.stderr, prefix=click.style(f"{kind}:", fg=color, bold=True) + " ")


def colors(stream: IO[str]) -> bool:
    """Whether to colour what goes to a stream: a terminal, and not NO_COLOR (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
