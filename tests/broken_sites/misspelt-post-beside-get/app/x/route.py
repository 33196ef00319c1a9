def GET():
    return {}


def Post(request):
    return {}
