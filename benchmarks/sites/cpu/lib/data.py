"""Answers that take about 20 ms of computing each."""

from collections.abc import Iterator

from lib.count import COUNT

STEPS = 220_000


def slugs() -> Iterator[str]:
    """Give the name of every item."""
    for number in range(COUNT):
        yield f"item-{number}"


def answer(slug: str) -> dict[str, object]:
    """Give one item, slowly: a linear congruential generator in pure Python."""
    state = int(slug.removeprefix("item-"))
    for _ in range(STEPS):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
    return {"slug": slug, "state": state}
