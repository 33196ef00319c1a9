import no_such_module


def GET():
    return {}
