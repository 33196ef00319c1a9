"""The command line. One file for each command, imported when it is asked for."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

# What a start makes stays: looking through it for garbage is a tenth of the start. A command that runs
# for longer switches the collector on.
gc.disable()

import click  # noqa: E402

from staticroutes._version import __version__  # noqa: E402
from staticroutes.cli.streams import complain, make_safe, say, use_utf8  # noqa: E402
from staticroutes.errors import ConfigError, OutputError, SiteErrors, StaticRoutesError  # noqa: E402

# Command → the first sentence of its help, so that --help imports none of them.
_COMMANDS = {
    "build": "Build the site into the output directory.",
    "explain": "Say which route answers a URL, and why it is static or dynamic.",
    "routes": "List the routes without building.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"staticroutes.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, 1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)


class Globals:
    """The options before the command."""

    def __init__(self, config: str | None, verbosity: int) -> None:
        self.config = config
        self.verbosity = verbosity

    @property
    def is_quiet(self) -> bool:
        """Only errors are printed."""
        return self.verbosity < 0


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "folder", metavar="DIR", type=click.Path(), help="The project's folder; here without it.")
@click.option("--config", metavar="FILE", type=click.Path(), help="Another configuration file.")
@click.option("-v", "--verbose", count=True, help="Say more: what could make each dynamic route static.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.version_option(__version__, prog_name="staticroutes", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, folder: str | None, config: str | None, verbose: int, quiet: bool) -> None:
    """Turn Python route handlers into static endpoints."""
    if config is not None:
        config = os.path.abspath(config)
    if folder is not None:
        try:
            # As git does it: what the project's code opens by a relative name lies in its folder.
            os.chdir(folder)
        except OSError as error:
            raise ConfigError(
                f"{folder}: {error.strerror}", hint="-C DIR names the project's folder"
            ) from error
    ctx.obj = Globals(config, -1 if quiet else verbose)


def main() -> None:
    """The program ``staticroutes``."""
    use_utf8()
    make_safe()
    if "_STATICROUTES_CLOCK_AHEAD" in os.environ:
        from staticroutes.verify import set_clock_ahead

        set_clock_ahead()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; gives the exit code: 0 done, 1 failures in the site, 2 usage or configuration,
    130 interrupted."""

    def call() -> int:
        code: Any = cli.main(arguments, prog_name="staticroutes", standalone_mode=False)
        return code if isinstance(code, int) else 0

    return exit_code(call)


def exit_code(call: Callable[[], int]) -> int:
    """The exit code of ``call()``, or of the error it raises, which is shown."""
    try:
        return call()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted", sys.stderr)
        return 130
    except SiteErrors as errors:
        for each in errors.errors:
            complain("error", str(each))
        return 1
    except StaticRoutesError as error:
        complain("error", str(error))
        return 2 if isinstance(error, (ConfigError, OutputError)) else 1
    except BrokenPipeError:
        # The reader of our output has gone (head); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
