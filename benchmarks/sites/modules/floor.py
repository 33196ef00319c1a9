"""The same files by a loop over the modules, each imported by its file: ``floor.py OUT``."""

import json
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

out = os.path.join(sys.argv[1], "endpoints")
os.makedirs(out, exist_ok=True)
for number, route in enumerate(sorted(Path("app").rglob("route.py"))):
    spec = spec_from_file_location(f"route_{number}", route)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    text = json.dumps(module.GET(), separators=(",", ":"), ensure_ascii=False)
    with open(os.path.join(out, route.parent.name), "w", encoding="utf-8") as file:
        file.write(text)
