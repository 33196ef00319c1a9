"""Just enough of RFC 5545 for a calendar of whole days that come round each year."""

from collections.abc import Iterable
from datetime import timedelta

from lib.almanac import TITLE, Entry


def escape(text: str) -> str:
    for character in "\\;,":
        text = text.replace(character, "\\" + character)
    return text.replace("\n", "\\n")


def fold(line: str) -> str:
    """A line may have 75 octets; what is over goes on to the next, after a space."""
    folded, room = "", 75
    for character in line:
        size = len(character.encode())
        if size > room:
            folded, room = folded + "\r\n ", 74
        folded, room = folded + character, room - size
    return folded


def event(entry: Entry, url: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{entry.slug}@low-water.example",
        f"DTSTAMP:{entry.published:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{entry.date:%Y%m%d}",
        f"DTEND;VALUE=DATE:{entry.date + timedelta(days=1):%Y%m%d}",
        "RRULE:FREQ=YEARLY",
        f"SUMMARY:{escape(entry.title)}",
        f"DESCRIPTION:{escape(entry.summary)}",
        f"LOCATION:{escape(entry.place.name)}",
        f"GEO:{entry.place.latitude};{entry.place.longitude}",
        f"URL:{url}",
        f"CATEGORIES:{','.join(entry.tags)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def calendar(events: Iterable[list[str]]) -> str:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{TITLE}//Almanac//EN", f"X-WR-CALNAME:{TITLE}"]
    lines = [*head, *(line for event in events for line in event), "END:VCALENDAR"]
    return "".join(fold(line) + "\r\n" for line in lines)
