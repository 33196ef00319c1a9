"""A redirect to the newest entry, known at build time: a small file, or better where the host can."""

from lib.almanac import load_entries

from staticroutes import redirect


def GET() -> None:
    redirect(f"/entries/{load_entries()[-1].slug}")
