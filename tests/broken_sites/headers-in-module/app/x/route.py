from staticroutes import headers

agent = headers().get('user-agent')


def GET():
    return {}
