"""The same files by a loop: ``floor.py OUT``."""

import os
import sys

from lib.pages import page, slugs

out = os.path.join(sys.argv[1], "pages")
os.makedirs(out, exist_ok=True)
for slug in slugs():
    text = page(slug)
    with open(os.path.join(out, f"{slug}.html"), "w", encoding="utf-8") as file:
        file.write(text)
