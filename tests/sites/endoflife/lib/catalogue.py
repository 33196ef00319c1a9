"""Products and releases with the values that the formats derive from them.

Read once: ``catalogue()`` is shared by every route, and by every worker forked from the process that read it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from lib import liquid
from lib.source import SITE, TODAY, read_last_modified, read_products

_MARKUP = re.compile(r"<script.*?</script>|<!--.*?-->|<style.*?</style>|<.*?>", re.DOTALL)
_DEFAULT_LTS_LABEL = '<abbr title="Long Term Support">LTS</abbr>'
_COLUMNS: dict[str, tuple[bool, str]] = {
    "latestColumn": (True, "Latest"),
    "discontinuedColumn": (False, "Discontinued"),
    "eoasColumn": (False, "Active Support"),
    "eolColumn": (True, "Security Support"),
    "eoesColumn": (False, "Extended Support"),
}


class Status(NamedTuple):
    """Whether something holds today, and since or from when if that is known: ``eol: 2030-10-31``."""

    now: bool
    since: date | None


@dataclass(slots=True, eq=False)
class Release:
    """One release cycle of a product."""

    raw: dict[str, Any]
    """The front matter as it is, in its own order."""
    name: str
    slug: str
    """The name as it stands in a URL."""
    label: str
    """May hold HTML: ``3.14 (<abbr …>LTS</abbr>)``."""
    link: str | None
    lts: Status
    eoas: Status | None
    eol: Status | None
    eoes: Status | None
    discontinued: Status | None

    @property
    def is_maintained(self) -> bool:
        """Whether some kind of support, shown or not, has not ended yet."""
        ends = (self.eoas, self.eol, self.discontinued, self.eoes)
        return any(end is not None and not end.now for end in ends)


@dataclass(slots=True, eq=False)
class Product:
    """One product file."""

    file: str
    raw: dict[str, Any]
    id: str
    permalink: str
    title: str
    category: str
    tags: list[str]
    alternate_urls: list[str]
    identifiers: list[tuple[str, str]]
    """Type and value: ``purl`` and ``pkg:github/python/cpython``."""
    columns: dict[str, str | None]
    """The label of each column, None where the product does not show it."""
    last_modified: str
    releases: dict[str, Release]
    """By slug, newest first."""

    @property
    def url(self) -> str:
        """Its page."""
        return SITE + self.permalink

    @property
    def aliases(self) -> list[str]:
        """Other ids under which it is known."""
        return [url[1:] for url in self.alternate_urls]


@dataclass(slots=True, eq=False)
class Catalogue:
    """All products in product order, and the ways to them; groups are in order of first appearance."""

    products: dict[str, Product]
    categories: dict[str, list[Product]]
    tags: dict[str, list[Product]]
    identifiers: dict[str, list[tuple[str, Product]]]

    def __iter__(self) -> Iterator[Product]:
        return iter(self.products.values())


@cache
def catalogue() -> Catalogue:
    """Everything there is, read at the first call."""
    last_modified = read_last_modified()
    result = Catalogue({}, {}, {}, {})
    for file, raw in read_products():
        product = _product(file, raw, last_modified[file])
        result.products[product.id] = product
        result.categories.setdefault(product.category, []).append(product)
        for tag in product.tags:
            result.tags.setdefault(tag, []).append(product)
        for kind, value in product.identifiers:
            result.identifiers.setdefault(kind, []).append((value, product))
    return result


def find_product(params: dict[str, str]) -> Product:
    """The product that ``[product]`` names."""
    return catalogue().products[params["product"]]


def find_release(params: dict[str, str]) -> tuple[Product, Release]:
    """The release that ``[product]`` and ``[release]`` name."""
    product = find_product(params)
    return product, product.releases[params["release"]]


def product_params() -> Iterator[dict[str, str]]:
    """``[product]`` of all products."""
    for product in catalogue():
        yield {"product": product.id}


def release_params() -> Iterator[dict[str, str]]:
    """``[product]`` and ``[release]`` of all releases."""
    for product in catalogue():
        for slug in product.releases:
            yield {"product": product.id, "release": slug}


def strip_html(text: str) -> str:
    """The text without tags, comments, scripts and styles; entities stay."""
    return _MARKUP.sub("", text) if "<" in text else text


def _product(file: str, raw: dict[str, Any], last_modified: str) -> Product:
    permalink = raw["permalink"]
    releases = [_release(fields, raw) for fields in raw["releases"]]
    return Product(
        file=file,
        raw=raw,
        id=permalink[1:],
        permalink=permalink,
        title=raw["title"],
        category=raw["category"],
        tags=_tags(raw),
        alternate_urls=raw.get("alternate_urls") or [],
        identifiers=[pair for item in raw.get("identifiers") or [] for pair in item.items()],
        columns={name: _column(raw, name) for name in _COLUMNS},
        last_modified=last_modified,
        releases={release.slug: release for release in releases},
    )


def _tags(raw: dict[str, Any]) -> list[str]:
    tags = raw.get("tags") or []
    if isinstance(tags, str):
        tags = tags.split()
    return sorted([*tags, raw["category"]])


def _column(raw: dict[str, Any], name: str) -> str | None:
    present, label = _COLUMNS[name]
    value = raw.get(name, present)
    if isinstance(value, str):
        return value
    return label if value else None


def _release(fields: dict[str, Any], product: dict[str, Any]) -> Release:
    name = fields["releaseCycle"]
    lts = _status(fields, "lts") or Status(False, None)
    return Release(
        raw=fields,
        name=name,
        slug=name.replace("/", "-"),
        label=_label(fields, product, lts),
        link=_link(fields, product),
        lts=lts,
        eoas=_status(fields, "eoas"),
        eol=_status(fields, "eol"),
        eoes=_status(fields, "eoes"),
        discontinued=_status(fields, "discontinued"),
    )


def _status(fields: dict[str, Any], key: str) -> Status | None:
    if key not in fields:
        return None
    value = fields[key]
    return Status(value < TODAY, value) if isinstance(value, date) else Status(value, None)


def _label(fields: dict[str, Any], product: dict[str, Any], lts: Status) -> str:
    template = fields.get("releaseLabel") or product.get("releaseLabel")
    label = _render(template, fields) if template else fields["releaseCycle"]
    if not lts.now and lts.since is None:
        return label
    lts_label = product.get("LTSLabel", _DEFAULT_LTS_LABEL)
    if lts.now:
        return f"{label} ({lts_label})"
    return f'{label} (<span title="{lts.since}">Upcoming</span> {lts_label})'


def _link(fields: dict[str, Any], product: dict[str, Any]) -> str | None:
    if "link" in fields:
        link: str | None = fields["link"]
        return _render(link, fields) if link and "__" in link else link
    template = product.get("changelogTemplate")
    return _render(template, fields) if template else None


def _render(template: str, fields: dict[str, Any]) -> str:
    text = template.strip()
    if "__" in text:
        text = (
            text.replace("__RELEASE_CYCLE__", fields["releaseCycle"])
            .replace("__CODENAME__", fields.get("codename") or "")
            .replace("__RELEASE_DATE__", str(fields["releaseDate"]))
            .replace("__LATEST__", fields.get("latest") or "")
            .replace("__LATEST_RELEASE_DATE__", str(fields.get("latestReleaseDate") or ""))
        )
    return liquid.render(text)
