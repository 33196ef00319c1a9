"""One iCalendar file (RFC 5545) per product: what happens when, with alarms before an end of life."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from lib.catalogue import Product, Release
from lib.source import NOW

_SENTENCES = {
    "releaseDate": "will be released.",
    "eoas": "will end active development.",
    "eol": "will become End-of-life.",
    "eoes": "will end extended support.",
    "discontinued": "will be discontinued.",
}
_STAMP = NOW.strftime("%Y%m%dT%H%M%SZ")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_LINE_OCTETS = 75
_ONE_DAY = timedelta(days=1)


def calendar(product: Product) -> str:
    """``/calendar/python.ics``."""
    events = [event for release in product.releases.values() for event in _events(product, release)]
    return f"""\
BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:icalendar-ruby\r
CALSCALE:GREGORIAN\r
{"".join(events)}END:VCALENDAR\r
"""


def _events(product: Product, release: Release) -> Iterator[str]:
    name = f"{product.title} {release.name}".translate(_ESCAPES)
    for key, day in release.raw.items():
        if key in _SENTENCES and isinstance(day, date):
            yield f"""\
BEGIN:VEVENT\r
DTSTAMP:{_STAMP}\r
{_fold(f"UID:{product.id}/{release.slug}/{key}@endoflife.date")}\r
DTSTART;VALUE=DATE:{_compact(day)}\r
DTEND;VALUE=DATE:{_compact(day + _ONE_DAY)}\r
{_fold(f"DESCRIPTION:{name} {_SENTENCES[key]}")}\r
{_fold(f'SUMMARY;ALTREP="{product.url}":{name} {key.upper()}')}\r
{_fold(f"URL:{product.url}")}\r
CATEGORIES:{key}\r
{_alarms(day) if key == "eol" else ""}END:VEVENT\r
"""


@cache
def _alarms(day: date) -> str:
    times = [_compact(_months_before(day, months)) + "T090000Z" for months in (12, 6, 3, 1)]
    triggers = [*[f";VALUE=DATE-TIME:{time}" for time in times], ":-P6DT9H", ":PT9H"]
    return "".join(
        [f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER{trigger}\r\nEND:VALARM\r\n" for trigger in triggers]
    )


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _compact(day: date) -> str:
    return day.isoformat().replace("-", "")


def _fold(line: str) -> str:
    """Lines of at most 75 octets, the further ones indented by a space; a character is never cut."""
    if line.isascii():
        if len(line) <= _LINE_OCTETS:
            return line
        step = _LINE_OCTETS - 1
        rest = [line[start : start + step] for start in range(_LINE_OCTETS, len(line), step)]
        return "\r\n ".join([line[:_LINE_OCTETS], *rest])
    folded, room = [], _LINE_OCTETS
    for character in line:
        size = len(character.encode())
        if size > room:
            folded.append("\r\n ")
            room = _LINE_OCTETS - 1
        folded.append(character)
        room -= size
    return "".join(folded)
