def generate_static_params():
    return [{"path": ""}]


def GET():
    return {}
