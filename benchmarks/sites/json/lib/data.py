"""The data of the site: what the bare script, the route handler and the peers all call."""

from collections.abc import Iterator

from lib.count import COUNT

DESCRIPTION = (
    "A sturdy everyday item, made in small batches and checked by hand before it leaves the workshop. "
    "It comes with a spare part, a printed manual in four languages and a two-year warranty, and it is "
    "shipped in a plain cardboard box without any plastic. Returns are free of charge within thirty days."
)
USAGE = (
    "Wipe with a damp cloth and let it dry before use. Keep away from open fire. Do not put it into the "
    "dishwasher: heat and salt make the surface dull. Oil the hinge once a year with a drop of linseed oil."
)


def slugs() -> Iterator[str]:
    """Give the name of every item."""
    for number in range(COUNT):
        yield f"item-{number}"


def item(slug: str) -> dict[str, object]:
    """Give one item, about 1 KB as JSON."""
    number = int(slug.removeprefix("item-"))
    return {
        "slug": slug,
        "id": number,
        "name": f"Item {number}",
        "description": DESCRIPTION,
        "usage": USAGE,
        "price": {"amount": 100 + number % 900, "currency": "CHF"},
        "in_stock": number % 7 != 0,
        "rating": number % 50 / 10,
        "tags": ["kitchen", "handmade", "steel", f"series-{number % 12}"],
        "dimensions": {"width": 120, "height": 40 + number % 60, "depth": 75, "unit": "mm"},
        "made_in": "Zürich",
        "supplier": {"name": "Example & Daughters", "address": "12 Long Lane, 8000 Zürich", "since": 1987},
        "related": [f"/items/item-{number + 1}.json", f"/items/item-{number + 2}.json"],
        "image": f"https://images.example.com/items/{slug}/large.jpg",
        "updated": "2026-01-15T08:30:00Z",
    }
