dynamc = 'force-static'


def GET():
    return {}
