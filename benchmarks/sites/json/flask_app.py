"""The same site in Flask, frozen by Frozen-Flask: ``flask_app.py OUT``."""

import sys
from collections.abc import Iterator

from flask import Flask
from flask_frozen import Freezer
from lib.data import item, slugs

app = Flask(__name__)
freezer = Freezer(app)


@app.get("/items/<slug>.json")
def show_item(slug: str) -> dict[str, object]:
    return item(slug)


@freezer.register_generator
def show_item_urls() -> Iterator[tuple[str, dict[str, str]]]:
    for slug in slugs():
        yield "show_item", {"slug": slug}


if __name__ == "__main__":
    app.config["FREEZER_DESTINATION"] = sys.argv[1]
    freezer.freeze()
