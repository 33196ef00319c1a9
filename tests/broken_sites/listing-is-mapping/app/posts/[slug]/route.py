def generate_static_params():
    return {'slug': 'a'}


def GET():
    return {}
