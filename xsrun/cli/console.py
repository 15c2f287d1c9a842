"""`xsrun console`: the console of a workspace that is not served."""

from __future__ import annotations

import argparse

from xsrun.cli.arguments import whole_number
from xsrun.cli.declared_options import Options
from xsrun.cli.options import add_workspace_options
from xsrun.cli.parser import CommandParser
from xsrun.cli.serve import add_arguments as add_options_of_serve
from xsrun.cli.serve import add_console_options, console_settings, listen

_PORT = 8008


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", help="a folder or file (default: --workspace, or this folder)")
    parser.add_argument(
        "--port", "-p", type=whole_number, default=_PORT, metavar="N", help=f"default {_PORT}; 0 is any that is free"
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    add_console_options(parser)
    add_workspace_options(parser)
    parser.set_defaults(database=None)
    parser.epilog = "It shows what `xsrun serve` of the folder kept, runs constructs and tests, and serves no query."


def run(options: Options) -> int:
    """Show the console until the process is told to stop."""
    from xsrun.server.settings import Settings

    # what only `serve` has options for is as it is there without them
    serve = CommandParser()
    add_options_of_serve(serve)
    options = Options(**{**vars(serve.parse_args([])), **vars(options)})
    return listen(options, Settings(queries=False, **console_settings(options)))
