"""The same file by hand: ``floor.py OUT``."""

import json
import os
import sys

os.makedirs(sys.argv[1], exist_ok=True)
with open(os.path.join(sys.argv[1], "hello.json"), "w", encoding="utf-8") as file:
    file.write(json.dumps({"hello": "world"}, separators=(",", ":"), ensure_ascii=False))
