def generate_static_params():
    return [{"slug": None}]


def GET():
    return {}
