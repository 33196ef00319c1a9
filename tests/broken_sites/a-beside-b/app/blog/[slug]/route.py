def generate_static_params():
    return [{"slug": 1}]


def GET():
    return {}
