from lib.data import answer, wait_blocking

NUMBER = 0


def GET() -> dict[str, object]:
    wait_blocking()
    return answer(f"item-{NUMBER}")
