revalidate = None


def GET():
    return {}
