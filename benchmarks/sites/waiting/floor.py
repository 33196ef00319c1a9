"""The same files by one event loop that waits for all of them at once: ``floor.py OUT``."""

import asyncio
import json
import os
import sys

from lib.data import answer, slugs, wait

out = os.path.join(sys.argv[1], "items")


async def write(slug: str) -> None:
    await wait()
    text = json.dumps(answer(slug), separators=(",", ":"), ensure_ascii=False)
    with open(os.path.join(out, f"{slug}.json"), "w", encoding="utf-8") as file:
        file.write(text)


async def main() -> None:
    os.makedirs(out, exist_ok=True)
    await asyncio.gather(*(write(slug) for slug in slugs()))


asyncio.run(main())
