def generate_static_params():
    return ["a"]


def GET():
    return {}
