def generate_static_params():
    return [{"b": 1}]


def GET():
    return {}
