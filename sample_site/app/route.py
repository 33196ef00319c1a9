"""The front page: HTML from a template. The files it reads do not stop it from being static."""

from itertools import groupby

from lib.almanac import Entry, load_entries, load_tags
from lib.pages import page

from staticroutes import Request, Response


def season(entry: Entry) -> str:
    return ["Winter", "Spring", "Summer", "Autumn", "Winter again"][entry.date.month // 3]


def GET(request: Request) -> Response:
    entries = load_entries()
    by_season = [(name, list(part)) for name, part in groupby(entries, season)]
    return page(
        request, "home.html", entries=entries, seasons=by_season, tags=load_tags(), year=entries[-1].date.year
    )
