def generate_static_params():
    return [{"rest": ["a"]}]


def GET():
    return {}
