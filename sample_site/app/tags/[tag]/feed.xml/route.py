"""A feed for each tag: a file below a dynamic segment, beside the page ``/tags/[tag]``."""

from feedgen.feed import FeedGenerator
from lib.almanac import TITLE, load_entries, load_tags
from lib.feeds import feed

from staticroutes import Request, RouteContext

dynamic_params = False


def generate_static_params() -> list[dict[str, str]]:
    return [{"tag": tag} for tag in load_tags()]


def GET(request: Request, context: RouteContext) -> FeedGenerator:
    tag = context.params["tag"]
    entries = [entry for entry in load_entries() if tag in entry.tags]
    return feed(request, entries, title=f"{TITLE}: {tag}", about=load_tags()[tag])
