def generate_static_params():
    return [{"slug": b"a"}]


def GET():
    return {}
