def generate_static_params():
    return [{"item": 1}]


def GET():
    return {}
