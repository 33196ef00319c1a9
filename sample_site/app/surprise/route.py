"""``connection()`` says that all below it belongs to request time: chance should differ each time."""

import random

from lib.almanac import load_entries

from staticroutes import connection, redirect


async def GET() -> None:
    await connection()
    redirect(f"/entries/{random.choice(load_entries()).slug}")
