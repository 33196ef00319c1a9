"""An async handler that reads entries and guide side by side in threads."""

import asyncio

from lib.almanac import load_entries
from lib.guide import load_guide


async def GET() -> list[dict[str, str]]:
    entries, pages = await asyncio.gather(asyncio.to_thread(load_entries), asyncio.to_thread(load_guide))
    found = [
        {"path": f"/entries/{entry.slug}", "title": entry.title, "text": entry.summary} for entry in entries
    ]
    found += [
        {"path": f"/guide/{'/'.join(page.path)}", "title": page.title, "text": page.summary} for page in pages
    ]
    return found
