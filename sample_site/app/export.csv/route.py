"""A stream: the body is a generator, one row at a time, and is never held whole in memory."""

import csv
import io
from collections.abc import Iterator

from lib.almanac import load_entries

from staticroutes import Response

COLUMNS = ["date", "title", "subject", "species", "zone", "place", "latitude", "longitude", "tags"]


def rows() -> Iterator[str]:
    yield line(COLUMNS)
    for entry in load_entries():
        at = entry.place
        found = [entry.date, entry.title, entry.subject, entry.species, entry.zone]
        yield line([*found, at.name, at.latitude, at.longitude, " ".join(entry.tags)])


def line(values: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def GET() -> Response:
    return Response(rows(), headers={"content-disposition": 'attachment; filename="low-water.csv"'})
