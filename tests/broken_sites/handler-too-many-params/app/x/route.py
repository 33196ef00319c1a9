def GET(request, context, slug):
    return slug
