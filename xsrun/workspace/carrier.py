"""How workflow tests reach queries over HTTP, as a workspace sees it (made by `xsrun.server.over_http`)."""

from __future__ import annotations

from typing import Protocol

from xsrun.errors import XanoScriptError
from xsrun.running.context import Context
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct


class Carrier(Protocol):
    """Carries calls of queries to a server and brings back what it answers."""

    def takes(self, context: Context, query: Construct) -> bool:
        """Can this call go over HTTP?"""

    def send(
        self, context: Context, query: Construct, inputs: dict[str, Value], headers: dict[str, str]
    ) -> tuple[Value, XanoScriptError | None]:
        """The body of the answer as a value, and the error that it tells of, if any."""
