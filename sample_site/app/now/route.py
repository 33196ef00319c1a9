"""Dynamic by the clock: an answer frozen at build time would soon be wrong, so it is not frozen."""

from datetime import UTC, datetime, timedelta

from lib.moon import Moon


def GET() -> dict[str, object]:
    now = datetime.now(UTC)
    moon = Moon.at(now)
    ahead = [now.date() + timedelta(days=n) for n in range(1, 31)]
    boots = next(day for day in ahead if Moon.on(day).since.startswith("two days after"))
    return {
        "now": now,
        "phase": moon.phase,
        "lit": round(moon.lit, 3),
        "when": moon.since,
        "next_springs": boots,
    }
