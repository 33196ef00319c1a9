def GET(:
    return {}
