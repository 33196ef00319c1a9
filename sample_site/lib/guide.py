"""The pages of the field guide: the files below ``content/guide/``."""

from __future__ import annotations

from dataclasses import dataclass

from lib.almanac import CONTENT, read_page


@dataclass(frozen=True, slots=True)
class GuidePage:
    """One page of the guide."""

    path: list[str]
    """``["moon", "springs-and-neaps"]`` for ``content/guide/moon/springs-and-neaps.md``."""
    title: str
    summary: str
    order: int
    body: str
    figure: str = ""
    figure_alt: str = ""


def load_guide() -> list[GuidePage]:
    """All pages, in reading order."""
    root = CONTENT / "guide"
    pages = []
    for file in sorted(root.rglob("*.md")):
        head, body = read_page(file)
        pages.append(GuidePage(path=list(file.relative_to(root).with_suffix("").parts), body=body, **head))
    return sorted(pages, key=lambda page: page.order)
