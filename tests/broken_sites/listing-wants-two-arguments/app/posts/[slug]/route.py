def generate_static_params(first, second):
    return []


def GET():
    return {}
