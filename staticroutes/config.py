"""The configuration: one frozen value, from keyword arguments, ``staticroutes.yaml`` or pyproject.toml.

Precedence: command line, then environment (``STATICROUTES_BASE_URL`` …), then the file, then the
defaults. Every mistake is collected and reported at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from staticroutes.errors import ConfigError

FILE_NAMES = ("staticroutes.yaml", "staticroutes.yml")


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits that fail a build; sizes in bytes. ``routes`` has further ones by route pattern."""

    max_file_size: int | None = None
    max_total_size: int | None = None
    max_outputs: int | None = None
    min_outputs: int | None = None
    routes: Mapping[str, Budgets] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set for a site. Folders are as written, relative to the project."""

    app_dir: str | None = None
    """None: ``app``, or ``src/app`` where there is no ``app``."""
    public_dir: str = "public"
    out_dir: str = "out"
    cache_dir: str = ".staticroutes"
    base_url: str | None = None
    """Scheme and host without a trailing slash: ``https://example.com``."""
    base_path: str = ""
    trailing_slash: bool = False
    cache_components: bool = True
    on_error: Literal["fail", "warn"] = "fail"
    strict: bool = False
    jobs: int | None = None
    """Worker processes at the most; None: one for each processor."""
    concurrency: int = 64
    timeout: float = 60.0
    """Seconds that one handler may take."""
    host: tuple[str, ...] = ()
    origin: str | None = None
    redirects: tuple[Mapping[str, Any], ...] = ()
    rewrites: tuple[Mapping[str, Any], ...] = ()
    headers: tuple[Mapping[str, Any], ...] = ()
    cache: Mapping[str, Any] = field(default_factory=lambda: {"backend": "filesystem"})
    cache_life: Mapping[str, Any] = field(default_factory=dict)
    max_body_size: int = 1 << 20
    sitemap: Literal["auto"] | None = None
    lock: Mapping[str, float] | None = None
    allowed_hosts: tuple[str, ...] = ()
    budgets: Budgets = field(default_factory=Budgets)

    @classmethod
    def load(
        cls,
        project_dir: str | None,
        overrides: Mapping[str, Any] | None = None,
        *,
        file: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Config:
        """The configuration of a project folder. Raises ConfigError with everything that is wrong.

        ``overrides`` are options given by the caller; None values among them do not count. ``file``
        names another file than the project's own.
        """
        problems: list[str] = []
        values: dict[str, Any] = {}
        where = None
        if file is not None or project_dir is not None:
            raw, where = _read_file(project_dir, file)
            values = _checked(raw, where, problems)
        for name, text in _from_environment(environ or {}).items():
            values.update(_checked({name: text}, f"STATICROUTES_{name.upper()}", problems))
        given = {name: value for name, value in (overrides or {}).items() if value is not None}
        values.update(_checked(given, None, problems))
        if problems:
            hint = None
            if len(problems) == 1:
                problem, _, hint = problems[0].partition("\n  hint: ")
                raise ConfigError(problem, hint=hint or None)
            raise ConfigError("\n".join(problems))
        return cls(**values)


Check = Callable[[Any], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is wanted")
    return value


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "1", "yes", "on", "false", "0", "no", "off"):
        return value.lower() in ("true", "1", "yes", "on")
    if not isinstance(value, bool):
        raise ValueError("true or false is wanted")
    return value


def _number(low: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
            value = int(value)
        if type(value) is not int or value < low:
            raise ValueError(f"a whole number from {low} is wanted")
        return value

    return check


def _seconds(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise ValueError("a number of seconds above 0 is wanted")
    return float(value)


def _choice(*words: str) -> Check:
    def check(value: Any) -> Any:
        if value not in words or isinstance(value, bool):
            raise ValueError(f"one of {', '.join(words)} is wanted")
        return value

    return check


def _url(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(r"https?://[^\s/?#@\\]+/?", text):
        raise ValueError(
            "scheme and host are wanted, such as https://example.com; a path belongs in base_path"
        )
    return text.rstrip("/")


def _base_path(value: Any) -> str:
    if value in ("", "/"):
        return ""
    text = _text(value)
    if not re.fullmatch(r"(/[A-Za-z0-9_.~@+-]+)+/?", text) or "/." in text:
        raise ValueError("a path such as /docs is wanted")
    return text.rstrip("/")


def _names(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)) or not all(isinstance(name, str) and name for name in listed):
        raise ValueError("a name or a list of names is wanted")
    return tuple(listed)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError("a mapping is wanted")
    return dict(value)


def _rules(**wanted: Check) -> Check:
    """A list of rules, each with a ``source`` and what is ``wanted``; ``name_or_not`` may be left out."""
    checks = {
        "source": _path,
        "has": _conditions,
        "missing": _conditions,
        "base_path": _flag,
        **{name.removesuffix("_or_not"): check for name, check in wanted.items()},
    }
    required = ["source", *(name for name in wanted if not name.endswith("_or_not"))]

    def check(value: Any) -> tuple[Mapping[str, Any], ...]:
        return tuple(_entries(value, checks, required))

    return check


def _entries(value: Any, checks: Mapping[str, Check], required: list[str]) -> list[dict[str, Any]]:
    """A list of mappings, each key checked."""
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list is wanted")
    found = []
    for number, entry in enumerate(value, 1):
        if not isinstance(entry, Mapping):
            raise ValueError(f"entry {number} is no mapping")
        for key in entry:
            if key not in checks:
                raise ValueError(f"entry {number} has an unknown key {key!r}{_near(key, set(checks))}")
        for key in required:
            if key not in entry:
                raise ValueError(f"entry {number} has no {key}")
        try:
            found.append({key: checks[key](inner) for key, inner in entry.items()})
        except ValueError as error:
            raise ValueError(f"entry {number}: {error}") from error
    return found


def _path(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError(f"a source starts with /, and {value!r} does not")
    return value


def _redirect_status(value: Any) -> int:
    if isinstance(value, bool) or value not in (301, 302, 303, 307, 308):
        raise ValueError(f"a redirect has status 301, 302, 303, 307 or 308, not {value!r}")
    return int(value)


def _conditions(value: Any) -> list[dict[str, Any]]:
    return _entries(
        value,
        {"type": _choice("header", "cookie", "host", "query"), "key": _text, "value": _text},
        ["type"],
    )


def _header_pairs(value: Any) -> list[dict[str, Any]]:
    found = _entries(value, {"key": _text, "value": _header_value}, ["key", "value"])
    for pair in found:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", pair["key"]):
            raise ValueError(f"a header cannot be named {pair['key']!r}")
    return found


def _header_value(value: Any) -> str:
    if not isinstance(value, str) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise ValueError(f"a header's value is one line of text, not {value!r}")
    return value


def _budgets(value: Any) -> Budgets:
    limits = {"max_file_size", "max_total_size", "max_outputs", "min_outputs"}
    found: dict[str, Any] = {}
    routes: dict[str, Budgets] = {}
    for key, limit in _mapping(value).items():
        if key in limits:
            if type(limit) is not int or limit < 0:
                raise ValueError(f"{key}: a whole number from 0 is wanted")
            found[key] = limit
        elif key.startswith("/"):
            inner = _budgets(limit)
            if inner.routes:
                raise ValueError(f"{key}: a route's budget holds limits only")
            routes[key] = inner
        else:
            raise ValueError(f"unknown key {key!r}{_near(key, limits)}; a route pattern starts with /")
    return Budgets(**found, routes=routes)


def _lock(value: Any) -> Mapping[str, float]:
    found = _mapping(value)
    shrink = found.get("max_shrink", 0)
    if (
        set(found) - {"max_shrink"}
        or isinstance(shrink, bool)
        or not isinstance(shrink, (int, float))
        or not 0 <= shrink <= 1
    ):
        raise ValueError("{max_shrink: 0.1} is wanted, a share from 0 to 1")
    return {"max_shrink": float(shrink)}


def _optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


_CHECKS: Mapping[str, Check] = {
    "app_dir": _optional(_text),
    "public_dir": _text,
    "out_dir": _text,
    "cache_dir": _text,
    "base_url": _optional(_url),
    "base_path": _base_path,
    "trailing_slash": _flag,
    "cache_components": _flag,
    "on_error": _choice("fail", "warn"),
    "strict": _flag,
    "jobs": _optional(_number(1)),
    "concurrency": _number(1),
    "timeout": _seconds,
    "host": _optional(_names),
    "origin": _optional(_url),
    "redirects": _rules(destination=_text, permanent_or_not=_flag, status_or_not=_redirect_status),
    "rewrites": _rules(destination=_text),
    "headers": _rules(headers=_header_pairs),
    "cache": _mapping,
    "cache_life": _mapping,
    "max_body_size": _number(0),
    "sitemap": _optional(_choice("auto")),
    "lock": _optional(_lock),
    "allowed_hosts": _names,
    "budgets": _budgets,
}
# Known, so that a project for a later version is told so, and refused: a site must not lack in silence
# what its author has configured.
_NOT_YET: Mapping[str, Any] = {
    "host": (),
    "origin": None,
    "sitemap": None,
    "lock": None,
    "cache": {"backend": "filesystem"},
    "cache_life": {},
}
# Only what is one word on a command line can be said in the environment.
_IN_ENVIRONMENT = {
    "out": "out_dir",
    **{
        name: name
        for name in (
            "app_dir public_dir out_dir cache_dir base_url base_path trailing_slash cache_components on_error"
            " strict jobs concurrency timeout host origin max_body_size sitemap"
        ).split()
    },
}


def _checked(raw: Mapping[str, Any], where: str | None, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    place = f"{where}: " if where else ""
    for key, value in raw.items():
        if key not in _CHECKS:
            hint = _near(key, set(_CHECKS))[2:] or "see the list of keys in the documentation"
            problems.append(f"{place}unknown key {key!r}\n  hint: {hint}")
            continue
        try:
            checked = _CHECKS[key](value)
        except ValueError as error:
            problems.append(f"{place}{key} is {value!r}: {error}")
        else:
            if key in _NOT_YET and checked is not None and checked != _NOT_YET[key]:
                problems.append(
                    f"{place}{key} is not supported by this version\n  hint: remove it from the configuration"
                )
                continue
            # ``host:`` with nothing behind it in YAML means the default, like leaving it out.
            if checked is not None or key in ("app_dir", "base_url", "jobs", "origin", "sitemap", "lock"):
                found[key] = checked
    return found


def _near(key: object, known: set[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(str(key).replace("-", "_"), sorted(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        key: environ[f"STATICROUTES_{name.upper()}"]
        for name, key in _IN_ENVIRONMENT.items()
        if environ.get(f"STATICROUTES_{name.upper()}")
    }


def _read_file(project_dir: str | None, file: str | None) -> tuple[Mapping[str, Any], str | None]:
    """The raw configuration and the name of its file."""
    if file is not None:
        if not os.path.isfile(file):
            raise ConfigError(f"there is no configuration file {file}", hint="check --config")
        return _parse(file, required=True) or {}, os.path.basename(file)
    assert project_dir is not None
    found = [name for name in FILE_NAMES if os.path.isfile(os.path.join(project_dir, name))]
    raws = [(_parse(os.path.join(project_dir, name), required=True) or {}, name) for name in found]
    pyproject = os.path.join(project_dir, "pyproject.toml")
    if os.path.isfile(pyproject):
        table = _parse(pyproject, required=False)
        if table is not None:
            raws.append((table, "pyproject.toml"))
    if len(raws) > 1:
        raise ConfigError(
            f"two configurations: {raws[0][1]} and {raws[1][1]}", hint="keep one of them; only one is read"
        )
    return raws[0] if raws else ({}, None)


def _parse(file: str, *, required: bool) -> Mapping[str, Any] | None:
    name = os.path.basename(file)
    with open(file, "rb") as stream:
        data = stream.read()
    if name.endswith(".toml"):
        if not required and b"staticroutes" not in data:
            return None  # spares the import of a parser
        import tomllib

        try:
            tables = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"is not TOML: {error}", where=name) from error
        tool = tables.get("tool")
        found: Any = tool.get("staticroutes") if isinstance(tool, dict) else None
        if found is None:
            return {} if required else None
    else:
        import yaml

        try:
            # Not the loader in C: nesting without end ends the process there.
            _check_keys(yaml.compose(data, yaml.SafeLoader), name)
            found = yaml.safe_load(data)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", None)
            where = f"{name}:{line + 1}" if line is not None else name
            raise ConfigError(
                f"is not YAML: {getattr(error, 'problem', None) or error}", where=where
            ) from error
        found = {} if found is None else found
    if not isinstance(found, dict):
        raise ConfigError(f"must be a mapping, not {type(found).__name__}", where=name)
    return found


def _check_keys(node: Any, name: str) -> None:
    """Refuse a key that stands twice in a mapping: YAML would keep the last in silence."""
    todo, seen = [node], set()
    while todo:
        part = todo.pop()
        if part is None or id(part) in seen or isinstance(part.value, str):
            continue
        seen.add(id(part))
        if part.id == "sequence":
            todo += part.value
            continue
        keys: set[str] = set()
        for key, value in part.value:
            if key.id == "scalar":
                if key.value in keys:
                    where = f"{name}:{key.start_mark.line + 1}"
                    raise ConfigError(f"{key.value} is there twice", where=where, hint="keep one of them")
                keys.add(key.value)
            todo += [key, value]
