def generate_static_params():
    return [{"slug": "a", "lang": "en"}]


def GET():
    return {}
