def generate_static_params():
    return [{"slug": "a\nb"}]


def GET():
    return {}
