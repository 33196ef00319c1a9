"""The same files by a loop: ``floor.py OUT``."""

import json
import os
import sys

from lib.count import COUNT

out = os.path.join(sys.argv[1], "n")
os.makedirs(out, exist_ok=True)
for number in range(COUNT):
    text = json.dumps({"number": str(number)}, separators=(",", ":"), ensure_ascii=False)
    with open(os.path.join(out, f"{number}.json"), "w", encoding="utf-8") as file:
        file.write(text)
