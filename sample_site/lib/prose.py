"""Markup of the texts: paragraphs, ``## headings``, ``- lists``, ``> quotes``, *emphasis*, [links](/x)."""

from __future__ import annotations

import re
from html import escape

from markupsafe import Markup


def to_html(text: str, base: str = "") -> Markup:
    """HTML of a text; ``base`` goes before the links inside the site."""
    return Markup("\n".join(_block(block, base) for block in re.split(r"\n{2,}", text.strip())))


def _block(block: str, base: str) -> str:
    if block.startswith("## "):
        return f"<h2>{_inline(block[3:], base)}</h2>"
    if block.startswith("> "):
        return f"<blockquote><p>{_inline(block[2:], base)}</p></blockquote>"
    if block.startswith("- "):
        items = (f"<li>{_inline(line[2:], base)}</li>" for line in block.splitlines())
        return f"<ul>{''.join(items)}</ul>"
    return f"<p>{_inline(block, base)}</p>"


def _inline(text: str, base: str) -> str:
    text = escape(text)
    text = re.sub(r"\[([^]]+)\]\((/[^)]*)\)", rf'<a href="{escape(base)}\2">\1</a>', text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
