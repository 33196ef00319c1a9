from collections.abc import Iterator

from lib.data import answer, slugs, wait

from staticroutes import Request, RouteContext


def generate_static_params() -> Iterator[dict[str, str]]:
    for slug in slugs():
        yield {"slug": slug}


async def GET(request: Request, context: RouteContext) -> dict[str, object]:
    await wait()
    return answer(context.params["slug"])
