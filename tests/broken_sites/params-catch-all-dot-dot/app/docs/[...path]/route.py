def generate_static_params():
    return [{"path": ["..", "..", "etc"]}]


def GET():
    return {}
