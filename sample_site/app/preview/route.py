"""Turns draft mode on for whoever has the key: ``/preview?key=…``, as set in LOW_WATER_PREVIEW_KEY."""

import hmac
import os

from staticroutes import Request, draft_mode, not_found, redirect


def GET(request: Request) -> None:
    given = request.next_url.search_params.get("key") or ""
    key = os.environ.get("LOW_WATER_PREVIEW_KEY", "")
    if not key or not hmac.compare_digest(given.encode(), key.encode()):
        not_found()
    draft_mode().enable()
    redirect("/desk")
