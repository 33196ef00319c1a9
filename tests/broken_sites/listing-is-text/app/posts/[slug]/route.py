def generate_static_params():
    return 'abc'


def GET():
    return {}
