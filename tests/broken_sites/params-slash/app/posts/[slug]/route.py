def generate_static_params():
    return [{"slug": "2026/01"}]


def GET():
    return {}
