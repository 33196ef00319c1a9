"""Release charts: one bar per release on a time axis, as SVG.

All positions come from ``Axis.x``: tenths of a unit, half up, and widths are differences of those.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import NamedTuple

from lib.catalogue import Product, Release
from lib.source import TODAY

_WIDTH = 900
_ROW, _BAR = 29, 25
_BADGE = 32
_LEGEND_STEP, _LEGEND_TEXT = 240, 18
_MAX_ROWS, _MAX_ENDED = 10, 3
_TAG = re.compile(r"<[^>]+>")
_STYLE = """
    text { font-family: sans-serif; fill: #333; }
    .label { font-size: 12px; }
    .tick { font-size: 11px; fill: #888; }
    .grid { stroke: #e8e8e8; stroke-width: 1; }
    .today { stroke: #cc4444; stroke-width: 1.5; stroke-dasharray: 4,3; }
    .bar { rx: 2; ry: 2; }
    .eoas { fill: #0A2472; }
    .eol { fill: #1E96FC; }
    .no-end { fill: #C8C8C8; }
    .no-end-badge { width: 32px; stroke: #ccc; stroke-width: 1; stroke-dasharray: 2,3; }
    .no-end-plus { font-size: 14px; font-weight: bold; fill: white; }
    .legend-icon { width: 14px; height: 14px; rx: 2; ry: 2; }
  """


@dataclass(frozen=True, slots=True)
class Axis:
    """The time axis: days from ``first`` to ``last``, right of the row labels."""

    first: date
    last: date
    left: int

    def x(self, day: date) -> float:
        """Where a day stands."""
        share = (day - self.first).days / (self.last - self.first).days
        return math.floor((self.left + share * (_WIDTH - self.left)) * 10 + 0.5) / 10


class Bars(NamedTuple):
    """Where the bars of a row start and how wide they are; none that is not wider than 0 is drawn."""

    active: tuple[float, float] | None
    security: tuple[float, float] | None


def has_chart(product: Product) -> bool:
    """Whether the product gets a chart at all."""
    return bool(chart_releases(product))


def chart_releases(product: Product) -> list[Release]:
    """The rows: up to the last release that is not end-of-life, and a few of the older ones."""
    if product.columns["eolColumn"] is None or product.raw.get("releaseImage"):
        return []
    rows = [release for release in product.releases.values() if release.raw.get("eol") is not True]
    alive = [index for index, release in enumerate(rows) if not (release.eol and release.eol.now)]
    if not 0 < len(alive) <= _MAX_ROWS:
        return []
    kept = alive[-1] + 1
    return rows[: kept + min(max(_MAX_ROWS - kept, 0), _MAX_ENDED)]


def chart(product: Product) -> str:
    """``/python.svg``."""
    rows = chart_releases(product)
    labels = [_TAG.sub("", release.label) for release in rows]
    left = min(8 * max(map(len, labels)) + 8, 200)
    axis = _axis(rows, left)
    height = _ROW * len(rows) - (_ROW - _BAR)
    title = escape(f"{product.title} Release Schedule")
    drawn_rows = "".join(
        _draw_row(index, _shorten(label, left), release, _bars(product, release, axis), axis)
        for index, (release, label) in enumerate(zip(rows, labels, strict=True))
    )
    today = axis.x(TODAY)
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + 70}" role="img" aria-label="{title}">
  <title>{title}</title>
  <style>{_STYLE}</style>
  <rect width="{_WIDTH}" height="{height + 70}" fill="white"/>
  <g transform="translate(0, 10)">
{"".join(_draw_years(axis, height))}{drawn_rows}\
    <line class="today" x1="{today}" y1="0" x2="{today}" y2="{height}"/>
{_draw_legend(product, rows, height)}\
  </g>
</svg>
"""


def _axis(rows: list[Release], left: int) -> Axis:
    days = [TODAY]
    for release in rows:
        days += [day for key in ("releaseDate", "eol") if isinstance(day := release.raw.get(key), date)]
    first, latest = min(days), max(days)
    after_latest = latest + timedelta(days=60)
    if not _is_open_ended(rows):
        return Axis(first, max(after_latest, TODAY + timedelta(days=182)), left)
    # Room for the badge that stands right of today, whatever its width is in days.
    badge = math.ceil((TODAY - first).days * _BADGE / (_WIDTH - left - _BADGE))
    after_badge = TODAY + timedelta(days=badge)
    return Axis(first, max(after_latest, after_badge) if latest > TODAY else after_badge, left)


def _is_open_ended(rows: list[Release]) -> bool:
    return any(release.raw.get("eol") is False for release in rows)


def _shorten(label: str, left: int) -> str:
    limit = (left - 8) // 8
    return label if len(label) <= limit else label[: limit - 1] + "…"


def _bars(product: Product, release: Release, axis: Axis) -> Bars:
    raw = release.raw
    eoas, eol = raw.get("eoas"), raw.get("eol")
    start = axis.x(raw["releaseDate"])
    end = axis.x(TODAY) if eol is False else axis.x(eol) if isinstance(eol, date) else None
    if product.columns["eoasColumn"] is not None:
        if isinstance(eoas, date):
            change = axis.x(eoas)
            return Bars((start, change - start), None if end is None else (change, end - change))
        if eoas is False:
            return Bars((start, (axis.x(axis.last) if end is None else end) - start), None)
    return Bars(None, None if end is None else (start, end - start))


def _draw_years(axis: Axis, height: int) -> Iterator[str]:
    for year in range(axis.first.year + 1, axis.last.year + 1):
        x = axis.x(date(year, 1, 1))
        yield f"""\
    <line class="grid" x1="{x}" y1="0" x2="{x}" y2="{height}"/>
    <text class="tick" x="{x}" y="{height + 16}" text-anchor="middle">{year}</text>
"""


def _draw_row(index: int, label: str, release: Release, bars: Bars, axis: Axis) -> str:
    parts = [
        f"""\
    <g transform="translate(0, {_ROW * index})">
      <text class="label" x="{axis.left - 8}" y="16" text-anchor="end">{escape(label)}</text>
"""
    ]
    for key, bar in (("eoas", bars.active), ("eol", bars.security)):
        if bar is not None and bar[1] > 0:
            parts.append(
                f'      <rect class="bar {key}" x="{bar[0]}" y="0" width="{bar[1]}" height="{_BAR}"/>\n'
            )
    if release.raw.get("eol") is False:
        today = axis.x(TODAY)
        parts.append(
            f"""\
      <rect class="bar no-end-badge no-end" x="{today}" y="0" height="{_BAR}"/>
      <text class="no-end-plus" x="{round(today + 16, 1)}" y="16" text-anchor="middle">+</text>
"""
        )
    parts.append("    </g>\n")
    return "".join(parts)


def _draw_legend(product: Product, rows: list[Release], height: int) -> str:
    items = [
        (key, label) for key in ("eoas", "eol") if (label := product.columns[f"{key}Column"]) is not None
    ]
    if _is_open_ended(rows):
        items.append(("no-end", "No end date published"))
    width = _LEGEND_STEP * (len(items) - 1) + _LEGEND_TEXT + 8 * len(items[-1][1])
    drawn = "".join(
        f"""\
      <rect class="legend-icon {key}" x="{_LEGEND_STEP * index}" y="0"/>
      <text class="label" x="{_LEGEND_STEP * index + _LEGEND_TEXT}" y="11">{escape(label)}</text>
"""
        for index, (key, label) in enumerate(items)
    )
    # Half up: Python's round() would take every other half down.
    offset = (_WIDTH - width + 1) // 2
    return f"""\
    <g transform="translate({offset}, {height + 28})">
{drawn}    </g>
"""
