from settings import revalidate


def GET():
    return {}
