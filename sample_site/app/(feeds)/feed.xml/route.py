"""RSS: a FeedGenerator may be returned as it is. ``(feeds)`` is a route group: no trace of it in the URL."""

from feedgen.feed import FeedGenerator
from lib.almanac import load_entries
from lib.feeds import feed

from staticroutes import Request


def GET(request: Request) -> FeedGenerator:
    return feed(request, load_entries())
