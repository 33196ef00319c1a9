from lib.data import answer, wait

NUMBER = 0


async def GET() -> dict[str, object]:
    await wait()
    return answer(f"item-{NUMBER}")
