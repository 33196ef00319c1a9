def GET(:
