"""HTML from the templates, and addresses."""

from __future__ import annotations

from datetime import date
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from lib.almanac import BASE_URL, CONTENT, MONTHS, TAGLINE, TITLE, Place
from lib.prose import to_html
from staticroutes import Request, Response


def long_date(day: date) -> str:
    """``15 January 2025``, whatever the locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def coordinates(place: Place) -> str:
    """``49.461° N, 2.668° W``"""
    north, east = place.latitude, place.longitude
    return f"{abs(north):.3f}° {'N' if north >= 0 else 'S'}, {abs(east):.3f}° {'E' if east >= 0 else 'W'}"


@pass_context
def prose(context: Context, text: str) -> Markup:
    return to_html(text, context["base"])


# No template is kept between pages, for the reason given in almanac.py.
environment = Environment(
    loader=FileSystemLoader(CONTENT.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    cache_size=0,
)
environment.filters |= {"long_date": long_date, "coordinates": coordinates, "prose": prose}
environment.globals |= {"site": {"title": TITLE, "tagline": TAGLINE}}


def page(request: Request, template: str, **values: Any) -> Response:
    """A template as a response; in it ``base`` goes before every link inside the site."""
    here = request.next_url.pathname
    values |= {"base": request.next_url.base_path, "here": here, "canonical": absolute(request, here)}
    return Response.html(environment.get_template(template).render(values))


def absolute(request: Request, path: str) -> str:
    """The whole address of a path of this site."""
    return BASE_URL + request.next_url.base_path + path
