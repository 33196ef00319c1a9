"""An image, drawn from the entries and the Moon; its content type is that of the URL's extension."""

from lib.almanac import load_entries
from lib.chart import wheel
from lib.pages import environment


def GET() -> str:
    entries = load_entries()
    return environment.get_template("wheel.svg").render(wheel=wheel(entries[-1].date.year, entries))
