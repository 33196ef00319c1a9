"""The same site in Django, for ``manage.py``."""

from collections.abc import Iterator

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern
from django_distill import distill_path
from lib.data import item, slugs


def show_item(request: HttpRequest, slug: str) -> JsonResponse:
    return JsonResponse(item(slug))


def all_items() -> Iterator[dict[str, str]]:
    for slug in slugs():
        yield {"slug": slug}


urlpatterns: list[URLPattern] = [
    distill_path("items/<slug:slug>.json", show_item, name="item", distill_func=all_items),
]
