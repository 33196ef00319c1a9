async def generate_static_params():
    raise SystemExit(0)


def GET():
    return {}
