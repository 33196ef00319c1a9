def generateStaticParams():
    return []


def GET():
    return {}
