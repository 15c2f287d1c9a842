"""`xsrun mcp`: the tools of xsrun for coding agents."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xsrun.cli.arguments import whole_number
from xsrun.cli.declared_options import Options
from xsrun.cli.options import add_workspace_options, workspace_settings
from xsrun.errors import UnavailableError, UsageError
from xsrun.extras import installing
from xsrun.reading import is_folder, is_there, typed_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--http", action="store_true", help="serve over HTTP on this machine, in place of standard input"
    )
    parser.add_argument(
        "--port", "-p", type=whole_number, default=8765, metavar="N", help="of --http: default 8765; 0 is any"
    )
    parser.add_argument(
        "--allow-writes", action="store_true", help="let SQL of the tools change the rows of --database"
    )
    add_workspace_options(parser)


def rows_of(root: Path, database: str) -> str | None:
    """The database whose rows are looked at: the one that was named, else the one that `xsrun serve` keeps."""
    from xsrun.workspace.services import kept_rows

    if database != "sqlite://":
        return database
    kept = kept_rows(root)
    return f"sqlite:///{kept.as_posix()}" if is_there(kept) else None


def run(options: Options) -> int:
    """Serve until the client leaves, or over HTTP until the process is told to stop."""
    from xsrun.cli.docs import whole_manual
    from xsrun.editor.mcp.agent_folder import AgentFolder
    from xsrun.editor.mcp.opening import FilteredOutput, Opening, ReplayedInput, package_stamp
    from xsrun.editor.mcp.toolbox import Toolbox
    from xsrun.editor.own_streams import claim_streams

    stamp = package_stamp()
    if not stamp:
        hint = f"install them with: {installing('mcp')}"
        raise UnavailableError("the MCP server needs packages that are not installed: mcp", hint=hint)
    root = typed_path(options.workspace or ".")
    if not is_folder(root):
        raise UsageError(f"no such folder: {root}")
    box = Toolbox(
        AgentFolder(root),
        workspace_settings(options),
        manual=whole_manual,
        writes_rows=options.allow_writes,
        rows=rows_of(root, options.database),
    )
    if options.http:
        from xsrun.editor.mcp.mcp_server import serve_http

        serve_http(box, options.port, lambda address: print(f"xsrun mcp: {address}", file=sys.stderr, flush=True))
        return 0
    source, target = claim_streams()
    opening = Opening.read(source, stamp)
    known = opening.answer()
    if known is not None:
        target.write(known.encode())
        target.flush()
    from xsrun.editor.mcp.mcp_server import serve_streams

    serve_streams(box, ReplayedInput(source, opening), FilteredOutput(target, opening))
    return 0
