dynamic = None


def GET():
    return {}
