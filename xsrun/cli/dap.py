"""`xsrun dap`: the debug adapter for editors."""

from __future__ import annotations

import argparse
import sys

from xsrun.cli.arguments import whole_number
from xsrun.cli.declared_options import Options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tcp", "--port", "-p", type=whole_number, metavar="PORT", help="wait for editors on this port; 0 is any"
    )
    parser.add_argument("--record", action="store_true", help="keep each step of every run, so that one can go back")


def run(options: Options) -> int:
    """Serve one client over standard streams, or those that connect to a port until the process is stopped."""
    from xsrun.editor.dap import dap_doors
    from xsrun.editor.own_streams import claim_streams

    if options.tcp is None:
        dap_doors.serve_streams(*claim_streams(), records=options.record)
    else:
        dap_doors.serve_port(
            options.tcp,
            lambda address: print(f"xsrun dap: {address}", file=sys.stderr, flush=True),
            records=options.record,
        )
    return 0
