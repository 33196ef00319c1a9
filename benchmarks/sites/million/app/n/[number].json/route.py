from collections.abc import Iterator

from lib.count import COUNT

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, int]]:
    for number in range(COUNT):
        yield {"number": number}


def GET(request: Request, context: RouteContext) -> dict[str, str]:
    return {"number": context.params["number"]}
