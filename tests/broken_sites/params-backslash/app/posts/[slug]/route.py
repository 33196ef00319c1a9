def generate_static_params():
    return [{"slug": "a\\b"}]


def GET():
    return {}
