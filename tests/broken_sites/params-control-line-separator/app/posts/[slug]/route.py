def generate_static_params():
    return [{"slug": "a\u2028b"}]


def GET():
    return {}
