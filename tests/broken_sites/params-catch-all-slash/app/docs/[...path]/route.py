def generate_static_params():
    return [{"path": ["a/b"]}]


def GET():
    return {}
