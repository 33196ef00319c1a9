"""Where the Moon is, well enough for an almanac.

The series are the leading terms of the usual ones (Meeus, *Astronomical Algorithms*, chapters 47 and 48).
They place the Moon within a degree, which is two hours of its way. The pull is that of an ocean without
coasts: a picture, not a tide table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import asin, cos, hypot, pi, radians, sin

DAY = timedelta(days=1)
NOON_2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
QUARTERS = ["new Moon", "first quarter", "full Moon", "last quarter"]
BETWEEN = ["waxing crescent", "waxing gibbous", "waning gibbous", "waning crescent"]
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"]


@dataclass(frozen=True, slots=True)
class Moon:
    """The Moon at one moment."""

    day: date
    elongation: float
    """Degrees from the Sun: 0 is new, 180 full."""
    pull: float
    """Of Moon and Sun together on the sea; 1 is the Moon's own on an average day."""

    @classmethod
    def at(cls, moment: datetime) -> Moon:
        centuries = (moment - NOON_2000) / DAY / 36525
        d = radians(297.850 + 445267.1115 * centuries)  # mean distance of the Moon from the Sun
        m = radians(357.529 + 35999.0503 * centuries)  # the Sun's anomaly
        n = radians(134.963 + 477198.8676 * centuries)  # the Moon's
        sun = radians(280.466 + 36000.7698 * centuries + 1.915 * sin(m))
        ahead = 6.289 * sin(n) - 2.100 * sin(m) + 1.274 * sin(2 * d - n)
        ahead += 0.658 * sin(2 * d) + 0.214 * sin(2 * n) + 0.110 * sin(d)
        apart = d + radians(ahead)
        far = 385001 - 20905 * cos(n) - 3699 * cos(2 * d - n) - 2956 * cos(2 * d)  # in kilometres
        of_moon = (385001 / far) ** 3 * _overhead(sun + apart)
        of_sun = 0.46 * _overhead(sun)
        pull = hypot(of_moon + of_sun * cos(2 * apart), of_sun * sin(2 * apart))
        return cls(day=moment.date(), elongation=(apart % (2 * pi)) * 180 / pi, pull=pull)

    @classmethod
    def on(cls, day: date) -> Moon:
        """The Moon at noon of a day."""
        return cls.at(datetime.combine(day, time(12), UTC))

    @property
    def phase(self) -> str:
        """Its name; a quarter's own on the day of it only."""
        nearest = round(self.elongation / 90)
        if abs(self.elongation - 90 * nearest) < 6:
            return QUARTERS[nearest % 4]
        return BETWEEN[int(self.elongation // 90) % 4]

    @property
    def lit(self) -> float:
        """How much of the disc is bright, from 0 to 1."""
        return (1 - cos(radians(self.elongation))) / 2

    @property
    def since(self) -> str:
        """In words, by the calendar: ``two days after the full Moon``."""
        for days in sorted(range(-8, 9), key=abs):
            if name := turn(self.day - days * DAY):
                break
        if days == 0:
            return f"the day of the {name} Moon"
        count = f"{NUMBERS[abs(days)]} day{'' if abs(days) == 1 else 's'}"
        return f"{count} {'after' if days > 0 else 'before'} the {name} Moon"

    @property
    def path(self) -> str:
        """The bright part as an SVG path around (0, 0) with radius 10, as seen from the north."""
        waxing, crescent = self.elongation < 180, abs(self.elongation - 180) > 90
        width = abs(cos(radians(self.elongation))) * 10
        limb, terminator = int(waxing), int(waxing != crescent)
        return f"M0-10A10 10 0 0 {limb} 0 10A{width:.2f} 10 0 0 {terminator} 0-10Z"


def _overhead(longitude: float) -> float:
    """How much of a body's pull works along the equator, given its place on the ecliptic (in radians)."""
    return cos(asin(sin(radians(23.44)) * sin(longitude))) ** 2


def turn(day: date) -> str:
    """``new`` or ``full`` on the day when the Moon becomes so, and nothing on all others."""
    midnight = datetime.combine(day, time(0), UTC)
    before, after = Moon.at(midnight).elongation, Moon.at(midnight + DAY).elongation
    if after < before:
        return "new"
    return "full" if before < 180 <= after else ""


def turns(year: int) -> list[tuple[date, str]]:
    """All such days of a year."""
    first = date(year, 1, 1)
    days = (first + n * DAY for n in range((date(year + 1, 1, 1) - first).days))
    return [(day, name) for day in days if (name := turn(day))]
