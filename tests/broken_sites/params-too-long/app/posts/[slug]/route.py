def generate_static_params():
    return [{"slug": "x" * 256}]


def GET():
    return {}
