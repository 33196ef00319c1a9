"""Where the package's own templates are, and how they are filled."""

from __future__ import annotations

import functools
import os
from typing import Any


def templates_dir() -> str:
    """The ``templates`` folder: inside the package when installed, beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    packaged = os.path.join(package, "templates")
    return packaged if os.path.isdir(packaged) else os.path.join(os.path.dirname(package), "templates")


@functools.cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(os.path.join(templates_dir(), "pages")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def page(name: str, **values: Any) -> bytes:
    """A page of the package's own (``templates/pages``), as UTF-8."""
    text: str = _environment().get_template(name).render(**values)
    return text.encode("utf-8")
