"""``staticroutes routes``."""

from __future__ import annotations

import json
import os

import click

from staticroutes.cli import Globals
from staticroutes.report import declared_table
from staticroutes.site import Site


@click.command()
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(settings: Globals, wants_json: bool) -> int:
    """List the routes without building."""
    site = Site.load(".", config_file=settings.config, environ=os.environ)
    rows = site.declared()
    click.echo(
        json.dumps({"routes": rows}, ensure_ascii=False, indent=1) if wants_json else declared_table(rows)
    )
    return 0
