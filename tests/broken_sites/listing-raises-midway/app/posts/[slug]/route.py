def generate_static_params():
    yield {"slug": "a"}
    raise LookupError('no more posts')


def GET():
    return {}
