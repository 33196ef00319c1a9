"""The inputs: the folder of product files and the pinned instant of the build."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

SITE = "https://endoflife.date"

NOW = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "1787400000")), UTC)
"""The one instant that everything time-dependent refers to; never the clock."""

TODAY = NOW.date()

_others = yaml.constructor.SafeConstructor()


def data_folder() -> Path:
    """STATICROUTES_ENDOFLIFE_DATA, else ``shared/data/endoflife`` beside the checkout."""
    configured = os.environ.get("STATICROUTES_ENDOFLIFE_DATA")
    if configured:
        return Path(configured)
    checkout = Path(__file__).resolve().parents[4]
    return checkout.parent / "shared" / "data" / "endoflife"


def read_products() -> Iterator[tuple[str, dict[str, Any]]]:
    """File name and front matter of each product, in product order: sorted by file name with ``.md``."""
    folder = data_folder() / "products"
    for name in sorted(os.listdir(folder)):
        if name.endswith(".md"):
            yield name, parse_front_matter((folder / name).read_bytes())


def parse_front_matter(content: bytes) -> dict[str, Any]:
    """The YAML 1.1 between the first two ``---`` lines; the Markdown after it is not looked at."""
    head = content[4 : content.index(b"\n---\n", 3) + 1]
    node = yaml.compose(head, yaml.CSafeLoader)
    return {} if node is None else _construct(node)


def _construct(node: yaml.Node) -> Any:
    """What PyYAML's constructor would give, but a third of the parsing faster: most nodes are plain strings.

    Two things are simpler, as no product file needs them: keys are strings, and ``<<`` does not merge.
    """
    match node.tag:
        case "tag:yaml.org,2002:str":
            return node.value
        case "tag:yaml.org,2002:map":
            return {key.value: _construct(value) for key, value in node.value}
        case "tag:yaml.org,2002:seq":
            return [_construct(item) for item in node.value]
        case "tag:yaml.org,2002:timestamp" if len(node.value) == 10:
            return date.fromisoformat(node.value)
        case _:
            return _others.construct_document(node)


def read_last_modified() -> dict[str, str]:
    """When each product file was last changed, as ISO 8601, by file name."""
    return _read_json("last-modified.json")


def read_site_pages() -> dict[str, Any]:
    """The hand-written pages and the fixed redirects of the site."""
    return _read_json("site-pages.json")


def _read_json(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((data_folder() / name).read_text(encoding="utf-8"))
    return content
