def generate_static_param():
    return []


def GET():
    return {}
