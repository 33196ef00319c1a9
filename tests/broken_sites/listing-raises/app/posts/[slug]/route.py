def generate_static_params():
    raise LookupError('no posts')


def GET():
    return {}
