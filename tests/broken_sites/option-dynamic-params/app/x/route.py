dynamic_params = 'false'


def GET():
    return {}
