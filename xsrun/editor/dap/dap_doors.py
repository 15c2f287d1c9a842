"""How clients reach the debug adapter: standard streams, a port, or the port of a server that is debugged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import BinaryIO

from xsrun.editor.dap.attaching import HOST
from xsrun.editor.dap.dap_session import DapSession
from xsrun.editor.dap.dap_wire import DapWire, wire_over
from xsrun.editor.dap.debug_run import DebugRun
from xsrun.running.context import Context
from xsrun.server.listening import listen
from xsrun.workspace.workspace import LoadedWorkspace


def serve_streams(source: BinaryIO, target: BinaryIO, *, records: bool) -> None:
    """Serve one client until it leaves."""
    DapSession(DapWire(source, target), records=records).serve()


def serve_port(port: int, announce: Callable[[str], None], *, records: bool) -> None:
    """Serve the clients that connect to a port of this machine, one after another, until the process is stopped."""
    with listen(HOST, port) as bound:
        bound.setblocking(True)
        announce(f"{HOST}:{bound.getsockname()[1]}")
        while True:
            _converse(bound, lambda wire: DapSession(wire, records=records))


def _converse(bound: socket.socket, make: Callable[[DapWire], DapSession]) -> None:
    """Wait for a client and serve it."""
    connection, _ = bound.accept()
    with wire_over(connection) as wire:
        make(wire).serve()


class ServerDoor:
    """The debugger of a server: a client that attaches stops requests, one client at a time."""

    def __init__(self, port: int, *, records: bool = False) -> None:
        self._bound = listen(HOST, port)
        self._bound.setblocking(True)
        self._records = records
        self._session: DapSession | None = None
        self._workspace: LoadedWorkspace | None = None
        self.address = f"{HOST}:{self._bound.getsockname()[1]}"

    def open(self, workspace: LoadedWorkspace) -> None:
        """Let clients in; those workspaces that take the place of this one are debugged as well."""
        self._workspace = workspace
        workspace.observer = self.observe
        threading.Thread(target=self._welcome, name="xsrun-debugger", daemon=True).start()

    def observe(self, context: Context) -> DebugRun | None:
        """What watches a request: nothing while no client is there."""
        assert isinstance(context.workspace, LoadedWorkspace)
        self._workspace = context.workspace
        session = self._session
        return session.hub.observe(context) if session is not None else None

    def _current(self) -> LoadedWorkspace:
        assert self._workspace is not None
        return self._workspace

    def _welcome(self) -> None:
        while True:
            try:
                _converse(self._bound, self._begin)
            finally:
                self._session = None

    def _begin(self, wire: DapWire) -> DapSession:
        self._session = DapSession(wire, attached=self._current, records=self._records)
        return self._session
