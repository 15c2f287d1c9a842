"""`xsrun serve`: the workspace over HTTP."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.arguments import number, whole_number
from xsrun.cli.options import add_workspace_options, workspace_settings
from xsrun.diagnostics.color import use_color
from xsrun.errors import UsageError

if TYPE_CHECKING:
    from xsrun.workspace.workspace import LoadedWorkspace

BODY_MEGABYTES = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", help="a folder or file (default: --workspace, or this folder)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: this machine alone can reach it)"
    )
    parser.add_argument(
        "--port", "-p", type=whole_number, default=8000, metavar="N", help="default 8000; 0 is any that is free"
    )
    parser.add_argument("--tasks", action="store_true", help="run tasks when they are due")
    parser.add_argument("--no-reload", action="store_true", help="do not load files again when they are saved")
    parser.add_argument("--quiet", "-q", action="store_true", help="print problems only, not every request")
    parser.add_argument("--no-docs", action="store_true", help="serve no documentation, history or OpenAPI")
    parser.add_argument(
        "--max-body",
        type=number,
        default=BODY_MEGABYTES,
        metavar="MEGABYTES",
        help=f"refuse longer bodies (default {BODY_MEGABYTES})",
    )
    add_workspace_options(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until the process is told to stop."""
    from xsrun.server.listening import Listening, require_packages, serve
    from xsrun.server.log import Log
    from xsrun.server.settings import Settings

    require_packages()
    path = Path(options.path or options.workspace or ".").expanduser()
    if not path.exists():
        raise UsageError(f"no such file or folder: {path}")
    if not 0 <= options.port <= 65_535:
        raise UsageError(f"--port takes 0 to 65535, not {options.port}")
    settings = workspace_settings(options)

    def make(texts: dict[str, str], root: Path) -> LoadedWorkspace:
        from xsrun.api import Workspace

        return Workspace(texts, root, **settings)

    def prepare(workspace: LoadedWorkspace) -> None:
        if options.seed:
            from xsrun.cli.seeds import seed_file

            seed_file(workspace, options.seed)

    serve(
        path,
        make,
        Settings(max_body=int(options.max_body * 1024 * 1024), docs=not options.no_docs),
        Listening(options.host, options.port, watch=not options.no_reload, tasks=options.tasks),
        Log(quiet=options.quiet, color=use_color(sys.stderr)),
        prepare,
    )
    return 0
