"""The almanac as a feed, made with feedgen; every date in it is an entry's."""

from __future__ import annotations

from collections.abc import Sequence

from feedgen.feed import FeedGenerator

from lib.almanac import TAGLINE, TITLE, Entry
from lib.pages import absolute
from lib.prose import to_html
from staticroutes import Request


def feed(
    request: Request, entries: Sequence[Entry], title: str = TITLE, about: str = TAGLINE
) -> FeedGenerator:
    """The entries, newest first; RSS or Atom, as the one who returns it has it written."""
    here, home = absolute(request, request.next_url.pathname), absolute(request, "/")
    made = FeedGenerator()
    made.id(here)
    made.title(title)
    made.description(about)
    made.subtitle(about)
    made.language("en-GB")
    made.author({"name": TITLE})
    made.link(href=here, rel="self")
    made.link(href=home, rel="alternate")
    made.updated(max(entry.published for entry in entries))
    made.lastBuildDate(max(entry.published for entry in entries))
    for entry in sorted(entries, key=lambda entry: entry.date, reverse=True):
        address = absolute(request, f"/entries/{entry.slug}")
        item = made.add_entry(order="append")
        item.id(address)
        item.guid(address, permalink=True)
        item.title(entry.title)
        item.link(href=address)
        item.published(entry.published)
        item.updated(entry.published)
        item.summary(entry.summary)
        item.description(entry.summary)
        item.content(str(to_html(entry.body, absolute(request, ""))), type="html")
        item.category([{"term": tag} for tag in entry.tags])
    return made
