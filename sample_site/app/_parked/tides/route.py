"""In a private folder: not a route. It waits for a tide table that may be given away."""

from staticroutes import not_found


def GET() -> None:
    not_found()
