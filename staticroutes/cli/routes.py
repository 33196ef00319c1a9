"""``staticroutes routes``."""

from __future__ import annotations

import json
import os

import click

from staticroutes.cli import Globals
from staticroutes.cli.guard import guarded
from staticroutes.cli.streams import say, stdout_of_ours
from staticroutes.report import declared_table
from staticroutes.site import Site


@click.command()
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(settings: Globals, wants_json: bool) -> int:
    """List the routes without building."""
    site = Site.load(".", config_file=settings.config, environ=os.environ)

    def show(*_: object) -> int:
        with stdout_of_ours() as stdout:
            rows = site.declared()
            say(json.dumps({"routes": rows}, indent=1) if wants_json else declared_table(rows), stdout)
        return 0

    return guarded(show, limit=5 * site.config.timeout, silence=site.config.timeout + 5)
