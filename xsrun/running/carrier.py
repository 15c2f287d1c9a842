"""How workflow tests reach queries over HTTP (`xsrun.server.over_http` fulfils it)."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.hints import Any, Protocol
from xsrun.running.context import Context
from xsrun.values.conversion import Value


class Carrier(Protocol):
    """Carries calls of queries (constructs of the workspace) to a server and brings back its responses."""

    def takes(self, context: Context, query: Any) -> bool:
        """Can this call go over HTTP?"""

    def send(
        self, context: Context, query: Any, inputs: dict[str, Value], headers: dict[str, str]
    ) -> tuple[Value, XanoScriptError | None]:
        """The body of the response as a value, and the error that it tells of, if any."""
