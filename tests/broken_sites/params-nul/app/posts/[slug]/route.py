def generate_static_params():
    return [{"slug": "a\0b"}]


def GET():
    return {}
