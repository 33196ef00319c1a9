"""Errors written as help: what happened, where, what to do."""

from __future__ import annotations


class StaticRoutesError(Exception):
    """The root of every error that staticroutes raises on purpose.

    ``message`` says what happened, ``where`` is ``file:line`` (or a file, or None), ``hint`` says
    what to do. ``str(error)`` is the text that the command line prints after ``error: ``.
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, where, hint)
        self.message = message
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross from worker processes; keyword-only arguments need saying.
        return (_rebuild, (type(self), self.message, self.where, self.hint))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where and not self.message.startswith(self.where) else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


def _rebuild(
    kind: type[StaticRoutesError], message: str, where: str | None, hint: str | None
) -> StaticRoutesError:
    return kind(message, where=where, hint=hint)


class ConfigError(StaticRoutesError):
    """The configuration, an option or the project's shape cannot be used (exit code 2)."""


class OutputError(StaticRoutesError):
    """The output directory is refused, busy or cannot be written (exit code 2)."""


class RoutingError(StaticRoutesError):
    """Folder names that are no route, or two routes for the same URLs."""


class LoadError(StaticRoutesError):
    """A route file that cannot be imported, or holds names or options that mean nothing."""


class ParamsError(StaticRoutesError):
    """What ``generate_static_params`` gave cannot be made into URLs."""


class ResponseError(StaticRoutesError):
    """What a handler returned cannot be made into a response."""


class PathError(StaticRoutesError):
    """A URL path that cannot be a file name inside the output directory."""


class BadRequest(StaticRoutesError):
    """The request's body is not what the handler asked for; answered with status 400."""


class SiteErrors(StaticRoutesError):
    """Several problems of one site, found and reported together."""

    def __init__(self, errors: list[StaticRoutesError]) -> None:
        count = f"{len(errors)} errors" if len(errors) != 1 else "1 error"
        super().__init__(f"{count} in the site")
        self.errors = errors

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.errors,))

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)
