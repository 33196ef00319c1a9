from lib.posts import all_posts


def GET():
    return {}
