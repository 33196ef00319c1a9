"""A POST beside a static GET: the list is a file, new notes go to the server."""

import logging
from functools import partial

from lib.almanac import Note, load_notes

from staticroutes import Request, Response, after

log = logging.getLogger("guestbook")


def GET() -> list[Note]:
    return load_notes()


async def POST(request: Request) -> Response:
    note = await request.json()
    match note:
        case {"name": str(name), "message": str(message)} if name.strip() and message.strip():
            kept = {"name": name.strip()[:60], "message": message.strip()[:500]}
        case _:
            return Response.json({"error": "a note has a name and a message"}, status=422)
    after(partial(log.info, "a note to read: %r", kept))  # good ones are copied into content/guestbook.json
    return Response.json({"kept": kept, "when": "as soon as somebody has read it"}, status=202)
