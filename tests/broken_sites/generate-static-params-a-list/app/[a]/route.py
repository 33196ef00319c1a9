generate_static_params = [{'a': 1}]


def GET():
    return {}
