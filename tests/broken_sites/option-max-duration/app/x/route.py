max_duration = 0


def GET():
    return {}
