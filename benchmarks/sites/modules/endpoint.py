NUMBER = 0
NAMES = ("alpha", "beta", "gamma", "delta")


def describe(number: int) -> str:
    return f"Endpoint {number} of the {NAMES[number % len(NAMES)]} family"


def GET() -> dict[str, object]:
    return {"id": NUMBER, "description": describe(NUMBER), "next": f"/endpoints/e{NUMBER + 1}.json"}
