"""Dynamic by a header: what ``request.headers`` holds is known only when somebody asks."""

from staticroutes import Request


def GET(request: Request) -> dict[str, str | None]:
    return {name: request.headers.get(name) for name in ("user-agent", "accept-language")}
