"""The way to the debugger of a server."""

from __future__ import annotations

import socket

from xsrun.editor.dap.dap_wire import DapWire
from xsrun.errors import UsageError

#: Debuggers listen for this machine alone.
HOST = "127.0.0.1"


def connect(port: object) -> DapWire:
    """A conversation with the debugger of a server. Raises UsageError when nobody listens."""
    hint = "start xsrun serve --debug PORT, and attach to that port"
    if not isinstance(port, int) or not 0 < port < 65_536:
        raise UsageError('attaching needs a "port", that of a server\'s debugger', hint=hint)
    try:
        connection = socket.create_connection((HOST, port), timeout=10)
    except OSError:
        raise UsageError(f"no debugger listens on {HOST}:{port}", hint=hint) from None
    connection.settimeout(None)
    return DapWire(connection.makefile("rb"), connection.makefile("wb"))
