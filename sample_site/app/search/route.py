"""Dynamic by the query: ``/search?q=crab`` is answered when it is asked."""

from lib.almanac import search
from lib.pages import page

from staticroutes import Request, Response


def GET(request: Request) -> Response:
    query = (request.next_url.search_params.get("q") or "").strip()
    return page(request, "search.html", query=query, entries=search(query))
