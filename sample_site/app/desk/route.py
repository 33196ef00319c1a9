"""``force-dynamic``, and draft mode: unfinished entries, for those who came through ``/preview``."""

from lib.almanac import load_entries
from lib.pages import page

from staticroutes import Request, Response, draft_mode

dynamic = "force-dynamic"


def GET(request: Request) -> Response:
    is_open = draft_mode().is_enabled
    drafts = [entry for entry in load_entries(drafts=True) if entry.draft] if is_open else []
    return page(request, "desk.html", open=is_open, drafts=drafts)
