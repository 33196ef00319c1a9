def generate_static_params():
    return [{"slug": ".."}]


def GET():
    return {}
