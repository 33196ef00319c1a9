"""A permanent redirect from an address that feed readers guess."""

from staticroutes import permanent_redirect


def GET() -> None:
    permanent_redirect("/feed.xml")
