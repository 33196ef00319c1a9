def generate_static_params():
    return [{"slug": "a\x85b"}]


def GET():
    return {}
