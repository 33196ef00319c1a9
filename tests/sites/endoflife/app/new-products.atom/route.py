"""New products, as an Atom feed."""

from lib import atom


def GET() -> str:
    return atom.new_products()
