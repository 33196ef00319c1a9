import sys


def generate_static_params():
    sys.exit(0)


def GET():
    return {}
