fetch_cache = 'always'


def GET():
    return {}
