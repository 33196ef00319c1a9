def generate_static_params():
    return [{"slug": ".."}, {"slug": "fine"}, {"slug": None}]


def GET():
    return {}
