"""Responses of other libraries, told by their shape; no framework is imported for it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from staticroutes.errors import ResponseError
from staticroutes.http.media_types import media_type_of
from staticroutes.http.responses import STARTED, Response


def from_framework(value: Any) -> Response:
    """The Response for one of Starlette, Werkzeug, Flask or Django; raises ResponseError for others."""
    status = value.status_code
    if hasattr(value, "raw_headers"):  # Starlette, FastAPI
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in value.raw_headers]
        if hasattr(value, "body_iterator"):
            return Response(value.body_iterator, status, headers)
        if hasattr(value, "body"):
            return Response(bytes(value.body), status, headers)
        if hasattr(value, "path"):  # FileResponse reads its file only when it is sent
            with open(value.path, "rb") as file:
                return Response(file.read(), status, headers)
    elif hasattr(value, "get_data") and hasattr(value, "headers"):  # Werkzeug, Flask
        value.direct_passthrough = False
        return Response(value.get_data(), status, list(value.headers.items()))
    elif hasattr(value, "headers") and hasattr(value, "content"):  # Django
        return Response(bytes(value.content), status, list(value.headers.items()))
    raise ResponseError(
        f"a response of the kind {type(value).__module__}.{type(value).__name__} is not known",
        hint="return Response(body, status, headers)",
    )


def from_feedgen(feed: Any, path: str) -> Response:
    """A feedgen ``FeedGenerator`` as RSS, or as Atom where ``path`` ends in ``.atom``.

    feedgen fills every date that was not given from the clock; those are replaced by the newest
    date that the author gave, so that the bytes follow from the data alone.
    """
    _settle_dates(feed)
    if path.endswith(".atom"):
        text, kind = feed.atom_str(pretty=True), "application/atom+xml; charset=utf-8"
    else:
        text, kind = feed.rss_str(pretty=True), "application/rss+xml; charset=utf-8"
    known = media_type_of(path)
    if known is not None and "xml" in known and not path.endswith(".xml"):
        kind = known
    return Response(text, 200, [("content-type", kind)])


def _settle_dates(feed: Any) -> None:
    """Replace the dates feedgen invented: newer than our start and not newer than this moment."""
    started, now = datetime.fromtimestamp(STARTED, UTC), datetime.now(UTC)

    def given(moment: Any) -> Any:
        return None if moment is not None and started <= moment <= now else moment

    newest = None
    for entry in feed.entry():
        updated = given(entry._FeedEntry__atom_updated)
        published = entry._FeedEntry__atom_published
        own = updated or published
        if own is not None:
            newest = own if newest is None else max(newest, own)
        entry._FeedEntry__atom_updated = own
    fallback = newest or datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    for entry in feed.entry():
        if entry._FeedEntry__atom_updated is None:
            entry._FeedEntry__atom_updated = fallback
    feed._FeedGenerator__atom_updated = given(feed._FeedGenerator__atom_updated) or fallback
    feed._FeedGenerator__rss_lastBuildDate = given(feed._FeedGenerator__rss_lastBuildDate) or newest
