def get():
    return {}
