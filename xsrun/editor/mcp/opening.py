"""A server's first answer, kept between starts: a client need not wait until the packages of the protocol are loaded.

They take a second to import, and what a server says of itself is the same each time it is asked in the same words. So
the answer to the first request is given again at once where it was given before; the server is then asked as well, and
what it answers is dropped.
"""

from __future__ import annotations

import io
import json
import os
from typing import BinaryIO

from xsrun import cache
from xsrun.values.conversion import Value

_KIND = "mcp"


class Opening:
    """The first line of a conversation, and its answer if that is known."""

    def __init__(self, line: str, key: str) -> None:
        self.line = line
        self.request = _object(line)
        #: under which the answer is kept; empty for anything but a request
        self.key = key if "id" in self.request and "method" in self.request else ""
        #: has the answer been given before the server could?
        self.given = False

    @classmethod
    def read(cls, stream: BinaryIO, about: str) -> Opening:
        """Wait for the first line. `about` names all that the answer depends on besides it."""
        line = stream.readline().decode("utf-8", "replace")
        request = {name: value for name, value in _object(line).items() if name != "id"}
        return cls(line, cache.digest(cache.fingerprint(), about, json.dumps(request, sort_keys=True)))

    def answer(self) -> str | None:
        """The line that answers it, as it was kept; None when it has to be asked for."""
        data = cache.read(_KIND, self.key) if self.key else None
        if data is None:
            return None
        self.given = True
        return json.dumps({"jsonrpc": "2.0", "id": self.request["id"], "result": json.loads(data)}) + "\n"

    def passes(self, line: str) -> bool:
        """Is a line of the server to be sent? Its answer to the opening is kept, and not sent a second time."""
        if not self.key:
            return True
        said = _object(line)
        if said.get("id") != self.request["id"] or "method" in said:
            return True
        self.key, key = "", self.key
        if self.given:
            return False
        if "result" in said:
            cache.write(_KIND, key, json.dumps(said["result"]).encode())
        return True


def _object(line: str) -> dict[str, Value]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def package_stamp() -> str:
    """A name for the installed packages of the protocol that costs no import; empty when they are not installed."""
    from importlib.util import find_spec

    found = [find_spec(name) for name in ("mcp", "mcp_types")]
    origins = [spec.origin for spec in found if spec is not None and spec.origin]
    stamps = [f"{origin} {os.stat(origin).st_mtime_ns}" for origin in origins]
    return "\n".join(stamps) if found[0] is not None else ""


class ReplayedInput(io.TextIOWrapper):
    """The lines of a client, the first of which has been read already."""

    def __init__(self, stream: BinaryIO, opening: Opening) -> None:
        super().__init__(stream, encoding="utf-8", errors="replace")
        self._first: str | None = opening.line

    def readline(self, size: int = -1) -> str:  # type: ignore[override] # a whole line is all that is asked for
        first, self._first = self._first, None
        return super().readline() if first is None else first


class FilteredOutput(io.TextIOWrapper):
    """The lines to a client, without an answer that it has."""

    def __init__(self, stream: BinaryIO, opening: Opening) -> None:
        super().__init__(stream, encoding="utf-8")
        self._opening = opening

    def write(self, text: str) -> int:
        return super().write(text) if self._opening.passes(text) else len(text)
