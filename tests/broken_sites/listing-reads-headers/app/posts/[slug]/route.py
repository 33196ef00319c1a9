from staticroutes import headers


def generate_static_params():
    return [{"slug": headers().get('host')}]


def GET():
    return {}
