dynamic = 'force_static'


def GET():
    return {}
