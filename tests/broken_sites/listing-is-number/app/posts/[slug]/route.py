def generate_static_params():
    return 7


def GET():
    return {}
