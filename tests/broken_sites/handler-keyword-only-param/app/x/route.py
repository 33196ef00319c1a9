def GET(*, slug):
    return slug
