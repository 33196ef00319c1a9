dynamicParams = False


def GET():
    return {}
