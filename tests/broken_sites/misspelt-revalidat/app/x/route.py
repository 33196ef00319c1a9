revalidat = 60


def GET():
    return {}
