revalidate = True


def GET():
    return {}
