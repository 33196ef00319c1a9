"""API v0: the front matter of the releases almost as it is, without defaults and without templates."""

from datetime import date
from functools import cache
from typing import Any

from lib.catalogue import Product, Release, catalogue
from lib.encoding import json_array, json_line, json_merge, json_text


def all_products() -> str:
    """``/api/all.json``: the ids of all products."""
    return json_line(sorted(catalogue().products))


def all_releases(product: Product) -> str:
    """``/api/python.json``: all releases, each with its ``cycle``."""
    releases = [
        json_merge(json_text({"cycle": release.name}), _release(product, release))
        for release in product.releases.values()
    ]
    return json_array(releases) + "\n"


def one_release(product: Product, release: Release) -> str:
    """``/api/python/3.14.json``: one release."""
    return _release(product, release) + "\n"


@cache
def _release(product: Product, release: Release) -> str:
    fields = release.raw.copy()
    del fields["releaseCycle"]
    fields["lts"] = fields.get("lts") or False
    if "eoas" in fields:
        fields["support"] = _until(fields.pop("eoas"))
    if "eoesColumn" in product.raw:
        fields["extendedSupport"] = _until(fields.pop("eoes", True))
    return json_text(fields)


def _until(end: Any) -> Any:
    """Until when there is support, given when it ended: a date is both, a boolean turns round."""
    return end if isinstance(end, date) else not end
