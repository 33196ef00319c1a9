"""The pages of the site and their template: what the bare script and the route handler both call."""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from lib.count import COUNT

TEMPLATES = Path(__file__).parent.parent / "templates"
environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
template = environment.get_template("page.html")


def slugs() -> Iterator[str]:
    """Give the name of every page."""
    for number in range(COUNT):
        yield f"page-{number}"


def page(slug: str) -> str:
    """Give one page, about 5 KB of HTML."""
    number = int(slug.removeprefix("page-"))
    rows = [
        {
            "name": f"Part {number}.{row}",
            "text": "Steel & brass, 4 mm < 5 mm",
            "amount": number + row,
            "price": row * 3.5,
        }
        for row in range(33)
    ]
    related = [f"page-{number + step}" for step in range(1, 6)]
    return template.render(title=f"Page {number}", slug=slug, rows=rows, related=related)
