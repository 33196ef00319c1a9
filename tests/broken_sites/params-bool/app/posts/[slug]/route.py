def generate_static_params():
    return [{"slug": True}]


def GET():
    return {}
