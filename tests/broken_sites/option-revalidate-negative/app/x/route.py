revalidate = -1


def GET():
    return {}
