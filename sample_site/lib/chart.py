"""Geometry for the drawings: the map of the atlas and the wheel of the year."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, pi, radians, sin

from lib.almanac import CONTENT, MONTHS, Entry, Place
from lib.moon import Moon, turns

NORTH, SOUTH, WEST, EAST = 59.7, 48.0, -11.0, 3.0
WIDTH = 500
SCALE = WIDTH / ((EAST - WEST) * cos(radians(54)))
"""Units of the drawing per degree of latitude."""
HEIGHT = round((NORTH - SOUTH) * SCALE)
AGE_OF_THE_TIDE = timedelta(days=2)
"""By how much the springs come after the Moon on these coasts."""


def point(latitude: float, longitude: float) -> tuple[float, float]:
    """Where a place falls on the map."""
    x = (longitude - WEST) * cos(radians(54)) * SCALE
    return round(x, 1), round((NORTH - latitude) * SCALE, 1)


def coast() -> list[str]:
    """The outlines of the land, as SVG paths."""
    outlines = json.loads((CONTENT / "coast.json").read_text(encoding="utf-8"))
    del outlines["about"]
    lines = ([point(*at) for at in outline] for outline in outlines.values())
    return ["M" + "L".join(f"{x:g} {y:g}" for x, y in line) + "Z" for line in lines]


def around(place: Place, span: float) -> str:
    """The view box of a square window of ``span`` degrees of latitude round a place."""
    x, y = point(place.latitude, place.longitude)
    side = span * SCALE
    return f"{x - side / 2:.1f} {y - side / 2:.1f} {side:.1f} {side:.1f}"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A year as a ring: January at the top, then clockwise."""

    year: int
    bars: list[tuple[str, float]]
    """A line for each day, its length the pull of Moon and Sun two days before; and how strong to draw it."""
    moons: list[tuple[float, float, str]]
    walks: list[tuple[float, float, str]]
    months: list[tuple[float, str]]


def wheel(year: int, entries: list[Entry]) -> Wheel:
    """The ring of one year with the walks on it."""
    first, length = date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days
    days = [first + timedelta(days=n) for n in range(length)]
    pulls = {day: Moon.on(day - AGE_OF_THE_TIDE).pull for day in days}
    most, least = max(pulls.values()), min(pulls.values())
    share = {day: (pull - least) / (most - least) for day, pull in pulls.items()}

    def at(day: date, radius: float) -> tuple[float, float]:
        turn = 2 * pi * ((day - first).days + 0.5) / length
        return round(radius * sin(turn), 1), round(-radius * cos(turn), 1)

    def tip(day: date) -> float:
        return 94 + 100 * share[day]

    def bar(day: date) -> str:
        (x1, y1), (x2, y2) = at(day, 88), at(day, tip(day))
        return f"M{x1:g} {y1:g}L{x2:g} {y2:g}"

    return Wheel(
        year=year,
        bars=[(bar(day), round(0.3 + 0.7 * share[day], 2)) for day in days],
        moons=[(*at(day, 74), kind) for day, kind in turns(year)],
        walks=[
            (*at(entry.date, tip(entry.date) + 13), entry.title) for entry in entries if entry.date in share
        ],
        months=[(360 * (n + 0.5) / 12, name[:3]) for n, name in enumerate(MONTHS)],
    )
