"""Below ``.well-known``, the one hidden folder that is routed."""

from lib.pages import absolute

from staticroutes import Request


def GET(request: Request) -> str:
    lines = {
        "Contact": "mailto:keeper@low-water.example",
        "Expires": "2030-12-31T23:59:59Z",
        "Preferred-Languages": "en",
        "Canonical": absolute(request, "/.well-known/security.txt"),
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items())
