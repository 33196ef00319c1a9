def generate_static_params():
    return [{"lang": "en"}]


def GET():
    return {}
