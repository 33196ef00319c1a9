from staticroutes import Response


def generate_static_params():
    return [{"slug": "x" * 251}]


def GET():
    return Response.html("<p>long</p>")
