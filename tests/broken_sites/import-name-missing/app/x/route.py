from lib.posts import every_post


def GET():
    return {}
