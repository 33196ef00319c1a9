def generate_static_params():
    return [{"path": None}]


def GET():
    return {}
