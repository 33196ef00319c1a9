def generate_static_params():
    return [{"path": ["a", None]}]


def GET():
    return {}
