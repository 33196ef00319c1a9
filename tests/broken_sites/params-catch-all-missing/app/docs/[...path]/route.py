def generate_static_params():
    return [{}]


def GET():
    return {}
