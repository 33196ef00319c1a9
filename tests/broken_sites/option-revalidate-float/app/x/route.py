revalidate = 1.5


def GET():
    return {}
