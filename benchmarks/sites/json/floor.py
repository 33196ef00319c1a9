"""The same files by a loop: ``floor.py OUT``."""

import json
import os
import sys

from lib.data import item, slugs

out = os.path.join(sys.argv[1], "items")
os.makedirs(out, exist_ok=True)
for slug in slugs():
    text = json.dumps(item(slug), separators=(",", ":"), ensure_ascii=False)
    with open(os.path.join(out, f"{slug}.json"), "w", encoding="utf-8") as file:
        file.write(text)
