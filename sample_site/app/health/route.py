"""``revalidate = 0``: never a file, not even one second old."""

revalidate = 0


def GET() -> dict[str, bool]:
    return {"ok": True}
