def generate_static_params():
    return [{"slug": "a\u202eb"}]


def GET():
    return {}
