from staticroutes import not_found


def generate_static_params():
    not_found()


def GET():
    return {}
