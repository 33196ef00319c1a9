runtime = 'edge'


def GET():
    return {}
