def generate_static_params():
    return [{"path": ["a"]}]


def GET():
    return {}
