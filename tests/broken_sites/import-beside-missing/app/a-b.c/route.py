from .helpers import x


def GET():
    return {}
