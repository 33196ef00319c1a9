Dynamic = 'force-static'


def GET():
    return {}
