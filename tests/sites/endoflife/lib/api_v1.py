"""API v1: products, categories, tags and identifiers, each in an envelope.

Releases and products stand in several kinds of files each: they are encoded once, and documents are
joined from that.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from lib.catalogue import Product, Release, catalogue, strip_html
from lib.encoding import json_array, json_merge, json_text
from lib.source import NOW, SITE

_URI = f"{SITE}/api/v1"
_ENVELOPE = {"schema_version": "1.2.1", "generated_at": NOW.isoformat()}
_ICONS = "https://cdn.jsdelivr.net/npm/simple-icons/icons"


def index() -> str:
    """``/api/v1/``: where to start."""
    return _references({name: f"{_URI}/{name}" for name in ("products", "categories", "tags")})


def products() -> str:
    """``/api/v1/products/``: all products in short."""
    return _list([_summary(product) for product in catalogue()])


def products_full() -> str:
    """``/api/v1/products/full/``: all products with all their releases."""
    return _list([_details(product) for product in catalogue()])


def one_product(product: Product) -> str:
    """``/api/v1/products/python/``: one product with its releases."""
    return _document(_details(product), last_modified=product.last_modified)


def one_release(product: Product, release: Release) -> str:
    """``/api/v1/products/python/releases/3.14/``: one release."""
    return _document(_release(product, release))


def latest_release(product: Product) -> str:
    """``/api/v1/products/python/releases/latest/``: the newest release."""
    return one_release(product, next(iter(product.releases.values())))


def categories() -> str:
    """``/api/v1/categories/``."""
    return _references({name: f"{_URI}/categories/{name}" for name in catalogue().categories})


def category(name: str) -> str:
    """``/api/v1/categories/lang/``: the products of a category."""
    return _list([_summary(product) for product in catalogue().categories[name]])


def tags() -> str:
    """``/api/v1/tags/``."""
    return _references({name: f"{_URI}/tags/{name}" for name in catalogue().tags})


def tag(name: str) -> str:
    """``/api/v1/tags/red-hat/``: the products that carry a tag."""
    return _list([_summary(product) for product in catalogue().tags[name]])


def identifier_types() -> str:
    """``/api/v1/identifiers/``: purl, cpe, repology."""
    return _references({name: f"{_URI}/identifiers/{name}/" for name in catalogue().identifiers})


def identifiers(kind: str) -> str:
    """``/api/v1/identifiers/purl/``: all identifiers of a type, and whose they are."""
    return _list(
        [
            json_text({"identifier": value, "product": {"name": product.id, "uri": _product_uri(product)}})
            for value, product in catalogue().identifiers[kind]
        ]
    )


def _document(result: str, **metadata: Any) -> str:
    head = json_text(_ENVELOPE | metadata)
    return f'{head[:-1]},"result":{result}}}\n'


def _list(items: list[str]) -> str:
    return _document(json_array(items), total=len(items))


def _references(uris: dict[str, str]) -> str:
    return _list([json_text({"name": name, "uri": uri}) for name, uri in uris.items()])


def _product_uri(product: Product) -> str:
    return f"{_URI}/products/{product.id}"


@cache
def _identity(product: Product) -> str:
    return json_text(
        {
            "name": product.id,
            "aliases": product.aliases,
            "label": product.title,
            "category": product.category,
            "tags": product.tags,
        }
    )


@cache
def _summary(product: Product) -> str:
    return json_merge(_identity(product), json_text({"uri": _product_uri(product)}))


@cache
def _details(product: Product) -> str:
    raw = product.raw
    icon = raw.get("iconSlug")
    facts = {
        "versionCommand": raw.get("versionCommand"),
        "identifiers": [{"type": kind, "id": value} for kind, value in product.identifiers],
        "labels": {name: _column_label(product, name) for name in ("eoas", "discontinued", "eol", "eoes")},
        "links": {
            "icon": f"{_ICONS}/{icon}.svg" if icon else None,
            "html": f"{SITE}/{product.id}",
            "releasePolicy": raw.get("releasePolicyLink"),
        },
    }
    releases = json_array([_release(product, release) for release in product.releases.values()])
    return json_merge(_identity(product), json_text(facts), f'{{"releases":{releases}}}')


def _column_label(product: Product, name: str) -> str | None:
    label = product.columns[f"{name}Column"]
    return None if label is None else strip_html(label)


@cache
def _release(product: Product, release: Release) -> str:
    raw, columns = release.raw, product.columns
    fields = {
        "name": release.name,
        "codename": raw.get("codename"),
        "label": strip_html(release.label),
        "releaseDate": raw["releaseDate"],
        "isLts": release.lts.now,
        "ltsFrom": release.lts.since,
    }
    if columns["eoasColumn"] is not None:
        fields["isEoas"], fields["eoasFrom"] = release.eoas or _UNKNOWN
    fields["isEol"], fields["eolFrom"] = release.eol or _UNKNOWN
    if columns["discontinuedColumn"] is not None:
        fields["isDiscontinued"], fields["discontinuedFrom"] = release.discontinued or _UNKNOWN
    if columns["eoesColumn"] is not None:
        fields["isEoes"], fields["eoesFrom"] = release.eoes or _UNKNOWN
    fields["isMaintained"] = release.is_maintained
    fields["latest"] = _latest(release) if columns["latestColumn"] is not None else None
    fields["custom"] = _custom(product.raw.get("customFields"), raw)
    return json_text(fields)


_UNKNOWN: tuple[None, None] = (None, None)


def _latest(release: Release) -> dict[str, Any]:
    raw = release.raw
    return {"name": raw.get("latest"), "date": raw.get("latestReleaseDate"), "link": release.link}


def _custom(declared: Iterable[dict[str, Any]] | None, raw: dict[str, Any]) -> dict[str, Any] | None:
    if not declared:
        return None
    return {field["name"]: raw.get(field["name"]) for field in declared}
