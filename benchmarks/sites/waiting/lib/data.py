"""What a slow source answers after a while."""

import asyncio
import time
from collections.abc import Iterator

from lib.count import COUNT

SECONDS = 0.05


def slugs() -> Iterator[str]:
    """Give the name of every item."""
    for number in range(COUNT):
        yield f"item-{number}"


def answer(slug: str) -> dict[str, object]:
    """Give one item."""
    return {"slug": slug, "waited": SECONDS}


async def wait() -> None:
    """Wait in the way of an async client."""
    await asyncio.sleep(SECONDS)


def wait_blocking() -> None:
    """Wait in the way of a blocking client."""
    time.sleep(SECONDS)
