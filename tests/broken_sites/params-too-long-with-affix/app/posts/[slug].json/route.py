def generate_static_params():
    return [{"slug": "x" * 251}]


def GET():
    return {}
