"""The entries of the almanac, read from ``content/``.

Nothing is kept between calls. Each route that asks for the entries opens their files itself, so it is plain
which route depends on which file.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from lib.moon import Moon

CONTENT = Path(__file__).resolve().parent.parent / "content"
TITLE = "Low Water"
TAGLINE = "A year of rock pools, two days after the Moon."
BASE_URL = "https://low-water.example"  # the same as base_url in staticroutes.yaml
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
ZONES = {
    "splash": "Splash zone",
    "upper": "Upper shore",
    "middle": "Middle shore",
    "lower": "Lower shore",
}


def slugify(text: str) -> str:
    """``St Mary’s Island`` becomes ``st-marys-island``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("’", "")).strip("-")


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of shore, and where to find it."""

    name: str
    nation: str
    latitude: float
    longitude: float

    @property
    def path(self) -> list[str]:
        """Where the place stands in the atlas: ``["wales", "penmon"]``."""
        return [slugify(self.nation), slugify(self.name)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One walk, and what was found on it."""

    slug: str
    date: date
    title: str
    summary: str
    subject: str
    species: str
    zone: str
    tags: list[str]
    place: Place
    body: str
    draft: bool = False

    @property
    def moon(self) -> Moon:
        return Moon.on(self.date)

    @property
    def published(self) -> datetime:
        """Noon of the day: feeds want a time as well."""
        return datetime.combine(self.date, time(12), UTC)

    @property
    def zone_name(self) -> str:
        return ZONES[self.zone]


def read_page(file: Path) -> tuple[dict[str, Any], str]:
    """The TOML between the two ``+++`` lines, and the text below them."""
    _, head, body = file.read_text(encoding="utf-8").split("+++\n", 2)
    return tomllib.loads(head), body.strip()


def load_entries(*, drafts: bool = False) -> list[Entry]:
    """All entries, oldest first; those still being written only where asked for."""
    entries = []
    for file in sorted((CONTENT / "entries").glob("*.md")):
        head, body = read_page(file)
        place = Place(**head.pop("place"))
        day, slug = file.stem[:10], file.stem[11:]
        entry = Entry(slug=slug, date=date.fromisoformat(day), place=place, body=body, **head)
        if drafts or not entry.draft:
            entries.append(entry)
    return entries


def find_entry(slug: str) -> Entry | None:
    return next((entry for entry in load_entries() if entry.slug == slug), None)


def load_tags() -> dict[str, str]:
    """Every tag with the sentence that explains it."""
    return tomllib.loads((CONTENT / "tags.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader wrote in the guest book."""

    name: str
    date: date
    message: str


def load_notes() -> list[Note]:
    """The notes in the guest book, newest first."""
    rows = json.loads((CONTENT / "guestbook.json").read_text(encoding="utf-8"))
    notes = [Note(row["name"], date.fromisoformat(row["date"]), row["message"]) for row in rows]
    return sorted(notes, key=lambda note: note.date, reverse=True)


def search(query: str) -> list[Entry]:
    """Entries that hold every word of ``query``, those with it in the title first."""
    words = query.casefold().split()

    def text(entry: Entry) -> str:
        named = (entry.title, entry.subject, entry.species, entry.place.name, *entry.tags)
        return " ".join((*named, entry.summary, entry.body)).casefold()

    found = [entry for entry in load_entries() if words and all(word in text(entry) for word in words)]
    return sorted(found, key=lambda entry: not any(word in entry.title.casefold() for word in words))
