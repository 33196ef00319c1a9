"""The small part of Liquid that product files use.

Own code, although PyPI has python-liquid: two product files rely on the lax parser of Ruby's Liquid
(``squid.md`` has ``replace:'.':'_'``, ``visual-cobol.md`` a stray quote), where python-liquid 2.3 gives
nothing even in its lax mode; and for 1,200 one-line templates it would add 0.3 s of CPU (0.13 of it the
import) to the 1.3 s of everything else.

Lax means: the arguments of a filter are the literals found after its name, whatever stands between them.
"""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_MARKUP = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_QUOTED = r""""[^"]*"|'[^']*'"""
_PIPED = re.compile(rf"""(?:{_QUOTED}|[^|])+""")
_OPERAND = re.compile(rf"{_QUOTED}|[^\s'\"|:,=!<>]+")
_COMPARISON = re.compile(rf"^\s*({_QUOTED}|[^\s=!<>]+)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?$")

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if text else []


def _slice(value: Any, start: int, length: int = 1) -> Any:
    return value[start : start + length]


def _pop(items: list[str], count: int = 1) -> list[str]:
    return items[:-count]


_FILTERS: dict[str, Callable[..., Any]] = {
    "downcase": str.lower,
    "drop_zero_patch": lambda text: text.removesuffix(".0"),
    "first": lambda items: items[0] if items else None,
    "join": lambda items, glue=" ": glue.join(items),
    "last": lambda items: items[-1] if items else None,
    "plus": lambda value, number: _number(value) + number,
    "pop": _pop,
    "replace": lambda text, old, new: text.replace(old, new),
    "replace_first": lambda text, old, new: text.replace(old, new, 1),
    "slice": _slice,
    "split": _split,
}


def render(template: str) -> str:
    """The template's text, rendered with no variables but those it assigns itself."""
    if "{{" not in template and "{%" not in template:
        return template
    output: list[str] = []
    variables: dict[str, Any] = {}
    shown = [True]  # one entry per open {% if %}, below them the template itself
    end = 0
    for markup in _MARKUP.finditer(template):
        if shown[-1]:
            output.append(template[end : markup.start()])
        end = markup.end()
        expression, tag = markup.groups()
        if tag is not None:
            _run(tag.strip(), variables, shown)
        elif shown[-1]:
            output.append(_text(_evaluate(expression, variables)))
    output.append(template[end:])
    return "".join(output)


def _run(tag: str, variables: dict[str, Any], shown: list[bool]) -> None:
    name, _, rest = tag.partition(" ")
    if name == "if":
        shown.append(shown[-1] and _holds(rest, variables))
    elif name == "else":
        shown[-1] = shown[-2] and not shown[-1]
    elif name == "endif":
        shown.pop()
    elif name == "assign":
        if shown[-1]:
            target, _, expression = rest.partition("=")
            variables[target.strip()] = _evaluate(expression, variables)
    else:
        raise ValueError(f"unknown Liquid tag: {tag!r}")


def _evaluate(expression: str, variables: dict[str, Any]) -> Any:
    first, *filters = _PIPED.findall(expression)
    value = _operand(first.strip(), variables)
    for text in filters:
        name, *arguments = _OPERAND.findall(text)
        if name not in _FILTERS:
            raise ValueError(f"unknown Liquid filter: {name!r}")
        value = _FILTERS[name](value, *[_operand(argument, variables) for argument in arguments])
    return value


def _holds(condition: str, variables: dict[str, Any]) -> bool:
    comparison = _COMPARISON.match(condition)
    if comparison is None:
        return _operand(condition.strip(), variables) not in (None, False)
    left, operator, right = comparison.groups()
    return _OPERATORS[operator](_operand(left, variables), _operand(right, variables))


def _operand(text: str, variables: dict[str, Any]) -> Any:
    if text[:1] in ("'", '"'):
        return text[1:-1]
    if _NUMBER.match(text):
        return _number(text)
    return variables.get(text)


def _number(value: Any) -> int | float:
    return float(value) if "." in str(value) else int(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(value)
    return "" if value is None else str(value)
