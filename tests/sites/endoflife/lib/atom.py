"""Atom feeds: what has happened to a product, and which products are new."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from html import escape

from lib.catalogue import Product, Release, catalogue
from lib.source import NOW, SITE

_NOW = NOW.isoformat()
_TITLES = {
    "release": ("released", "has been released."),
    "eoas": ("end of active support", "active support ended."),
    "eol": ("end of life", "is end-of-life."),
    "eol-7d": ("upcoming end of life", "will be end-of-life in 7 days."),
    "eoes": ("end of extended support", "extended support ended."),
}


def product_events(product: Product) -> str:
    """``/python.atom``: the events of a product until now, oldest first."""
    url, title = product.url, escape(product.title)
    events = [event for release in product.releases.values() for event in _events(release)]
    entries = []
    for updated, kind, release in sorted(events, key=lambda event: event[0]):
        if updated > _NOW:
            break
        what, sentence = _TITLES[kind]
        subject = f"{title} {escape(release.label)}"
        identifier = f"{url}/{escape(release.name)}/{kind}"
        entries.append(_entry(identifier, url, updated, f"{subject} {what}", f"{subject} {sentence}"))
    return _feed(
        feed_id=url,
        title=f"endoflife.date: {title} events",
        subtitle=f"{title} release and end-of-life events",
        feed_url=f"{SITE}/{product.id}.atom",
        url=url,
        updated=product.last_modified,
        entries=entries,
    )


def new_products() -> str:
    """``/new-products.atom``: all products, the last added first."""
    newest_first = sorted(catalogue(), key=lambda product: product.raw["addedAt"])[::-1]
    entries = [_added(product) for product in newest_first]
    return _feed(
        feed_id=f"{SITE}/new-products.atom",
        title="endoflife.date: new products",
        subtitle="Products recently added to endoflife.date",
        feed_url=f"{SITE}/new-products.atom",
        url=SITE,
        updated=_midnight(newest_first[0].raw["addedAt"]),
        entries=entries,
    )


def _events(release: Release) -> Iterator[tuple[str, str, Release]]:
    """When, what and of which release. Times are ISO 8601 in UTC, so that they sort as text."""
    raw = release.raw
    yield _midnight(raw["releaseDate"]), "release", release
    for kind in ("eoas", "eol", "eoes"):
        day = raw.get(kind)
        if isinstance(day, date):
            yield _end_of_day(day), kind, release
            if kind == "eol":
                yield _end_of_day(day - timedelta(days=7)), "eol-7d", release


def _added(product: Product) -> str:
    title = escape(product.title)
    return _entry(
        product.url,
        product.url,
        _midnight(product.raw["addedAt"]),
        f"{title} added",
        f"{title} has been added to endoflife.date.",
    )


def _midnight(day: date) -> str:
    return f"{day}T00:00:00+00:00"


def _end_of_day(day: date) -> str:
    return f"{day}T23:59:59+00:00"


def _feed(
    *, feed_id: str, title: str, subtitle: str, feed_url: str, url: str, updated: str, entries: Iterable[str]
) -> str:
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>{feed_id}</id>
  <title>{title}</title>
  <subtitle>{subtitle}</subtitle>
  <link href="{feed_url}" rel="self"/>
  <link href="{url}"/>
  <updated>{updated}</updated>
  <author><name>endoflife.date</name></author>
{"".join(entries)}</feed>
"""


def _entry(identifier: str, url: str, updated: str, title: str, summary: str) -> str:
    return f"""\
  <entry>
    <id>{identifier}</id>
    <link href="{url}"/>
    <updated>{updated}</updated>
    <title>{title}</title>
    <summary>{summary}</summary>
  </entry>
"""
