def generate_static_params():
    return None


def GET():
    return {}
