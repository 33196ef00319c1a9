"""``staticroutes explain URL``."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import click

from staticroutes.cli import Globals
from staticroutes.cli.guard import guarded
from staticroutes.cli.streams import say, stdout_of_ours
from staticroutes.prerender.outcomes import Failed
from staticroutes.report import explanation
from staticroutes.site import Site


@click.command()
@click.argument("url")
@click.pass_obj
def command(settings: Globals, url: str) -> int:
    """Say which route answers a URL, and why it is static or dynamic."""
    site = Site.load(".", config_file=settings.config, environ=os.environ)
    path = urlsplit(url).path or "/"
    base_path = site.config.base_path
    if base_path and (path == base_path or path.startswith(base_path + "/")):
        path = path[len(base_path) :] or "/"

    def show(*_: object) -> int:
        with stdout_of_ours() as stdout:
            explained = site.explain(path)
            say(explanation(explained), stdout)
        return 1 if explained.outcome is None or isinstance(explained.outcome, Failed) else 0

    return guarded(show, limit=5 * site.config.timeout, silence=site.config.timeout + 5)
