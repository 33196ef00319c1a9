preferred_region = 7


def GET():
    return {}
