"""The same site in Flask, frozen by freezeyt.

Run as ``python -m freezeyt freezeyt_app OUT -C freezeyt_app:config``.
"""

from collections.abc import Iterator

from flask import Flask
from lib.data import item, slugs

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return "<!doctype html><title>Items</title>"  # freezeyt starts at a home page, and wants one


@app.get("/items/<slug>.json")
def show_item(slug: str) -> dict[str, object]:
    return item(slug)


def extra_pages(app: Flask) -> Iterator[str]:
    for slug in slugs():
        yield f"items/{slug}.json"


config = {"extra_pages": [{"generator": extra_pages}]}
