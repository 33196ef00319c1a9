def generate_static_params():
    return [{"slug": "\u00e9" * 128}]


def GET():
    return {}
