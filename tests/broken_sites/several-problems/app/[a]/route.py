def generate_static_params():
    return [{"a": 1}]


def GET():
    return {}
