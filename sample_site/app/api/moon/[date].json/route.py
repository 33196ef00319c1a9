"""Open-ended: the days of the entries are made beforehand, any other when somebody asks for it."""

from datetime import date

from lib.almanac import load_entries
from lib.moon import Moon

from staticroutes import Request, RouteContext, not_found

dynamic_params = True


def generate_static_params() -> list[dict[str, str]]:
    return [{"date": entry.date.isoformat()} for entry in load_entries()]


def GET(request: Request, context: RouteContext) -> dict[str, object]:
    try:
        day = date.fromisoformat(context.params["date"])
    except ValueError:
        not_found()
    moon = Moon.on(day)
    return {"date": day, "phase": moon.phase, "lit": round(moon.lit, 3), "when": moon.since}
