"""`xsrun init`: write files that others read into a workspace, each only when it is asked for."""

from __future__ import annotations

import argparse

from xsrun.cli.declared_options import Options
from xsrun.errors import UsageError
from xsrun.reading import typed_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", help="the folder of the workspace (default: this folder)")
    parser.add_argument(
        "--agents", action="store_true", help="a section of AGENTS.md: what coding agents run after each edit"
    )


def run(options: Options) -> int:
    """Write what was asked for, and say what was done."""
    from xsrun.editor.agent_notes import write_notes

    if not options.agents:
        raise UsageError("say what to write", hint="--agents: a section of AGENTS.md for coding agents")
    print(write_notes(typed_path(options.path)))
    return 0
