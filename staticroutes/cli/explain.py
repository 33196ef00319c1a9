"""``staticroutes explain URL``."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import click

from staticroutes.cli import Globals
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
    explained = site.explain(path)
    click.echo(explanation(explained))
    return 1 if explained.outcome is None or type(explained.outcome).__name__ == "Failed" else 0
