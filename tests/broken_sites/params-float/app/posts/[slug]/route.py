def generate_static_params():
    return [{"slug": 1.5}]


def GET():
    return {}
