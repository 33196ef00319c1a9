"""A calendar with a helper beside the route file; a string takes the content type of the URL's extension."""

from lib.almanac import load_entries
from lib.pages import absolute

from staticroutes import Request

from .ics import calendar, event


def GET(request: Request) -> str:
    events = (event(entry, absolute(request, f"/entries/{entry.slug}")) for entry in load_entries())
    return calendar(events)
