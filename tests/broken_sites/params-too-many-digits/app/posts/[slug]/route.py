def generate_static_params():
    return [{"slug": 10**5000}]


def GET():
    return {}
