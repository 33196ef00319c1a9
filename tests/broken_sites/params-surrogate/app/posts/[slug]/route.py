def generate_static_params():
    return [{"slug": "a\udc80b"}]


def GET():
    return {}
