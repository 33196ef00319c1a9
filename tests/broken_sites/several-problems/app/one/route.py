revalidate = True
runtime = 'edge'


def get():
    return {}
