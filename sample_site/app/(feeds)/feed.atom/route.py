"""Atom: the same FeedGenerator, written as Atom because the path ends in ``.atom``."""

from feedgen.feed import FeedGenerator
from lib.almanac import load_entries
from lib.feeds import feed

from staticroutes import Request


def GET(request: Request) -> FeedGenerator:
    return feed(request, load_entries())
