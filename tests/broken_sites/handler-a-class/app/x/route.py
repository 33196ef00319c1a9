class GET:
    pass
