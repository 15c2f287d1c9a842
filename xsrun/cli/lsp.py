"""`xsrun lsp`: the language server for editors."""

from __future__ import annotations

import argparse
import sys

from xsrun.cli.arguments import whole_number
from xsrun.cli.declared_options import Options
from xsrun.errors import UnavailableError
from xsrun.extras import installing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stdio", action="store_true", help="speak over standard input and output, as it does anyway")
    parser.add_argument("--tcp", type=whole_number, metavar="PORT", help="wait for the editor on this port")
    parser.add_argument("--host", default="127.0.0.1", help="of --tcp: the address to wait at (default: 127.0.0.1)")


def run(options: Options) -> int:
    """Serve until the editor leaves."""
    from xsrun.editor.lsp.first_answer import Filtered, FirstMessage, Replayed, package_stamp
    from xsrun.editor.own_streams import claim_streams

    if not package_stamp():
        hint = f"install it with: {installing('lsp')}"
        raise UnavailableError("the language server needs a package that is not installed: pygls", hint=hint)
    if options.tcp is not None:
        serve_port(options.host, options.tcp)
        return 0
    source, target = claim_streams()
    first = FirstMessage.read(source)
    known = first.known()
    if known is not None:
        target.write(known)
        target.flush()
    from xsrun.editor.lsp.language_server import make_server

    make_server().start_io(Replayed(source, first), Filtered(target, first))
    return 0


def serve_port(host: str, port: int) -> None:
    """Serve the editors that connect to a port. Raises UsageError for an address that cannot be used."""
    from xsrun.editor.lsp.language_server import make_server
    from xsrun.server.listening import listen, unusable

    listen(host, port).close()  # told before the line that says where it waits
    print(f"xsrun lsp: waiting on {host}:{port}", file=sys.stderr, flush=True)
    try:
        make_server().start_tcp(host, port)
    except OSError as error:  # somebody was quicker
        raise unusable(host, port, error) from None
