def generate_static_params():
    return [{"slug": "a\x7fb"}]


def GET():
    return {}
