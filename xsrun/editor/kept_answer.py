"""A server's first answer, kept between starts: a client need not wait until the packages of the protocol are loaded.

They take most of the start, and what a server says of itself is the same each time it is asked in the same words. So
the answer to the first request is given again at once where it was given before; the server is then asked as well, and
what it answers is dropped. This module imports nothing that the servers need.
"""

from __future__ import annotations

import json
import os

from xsrun import cache
from xsrun.values.conversion import Value


class FirstAnswer:
    """The first request of a conversation and its answer, if that is known.

    `kind` names the protocol. `told` is what the answer depends on: the request's parts, and what is installed; None
    for what is not a request that begins a conversation.
    """

    def __init__(self, kind: str, request: dict[str, Value], told: list[Value] | None) -> None:
        self.kind, self.request = kind, request
        #: under which the answer is kept; empty where none is
        self.key = ""
        if told is not None and "id" in request and "method" in request:
            self.key = cache.digest(cache.fingerprint(), json.dumps(told, sort_keys=True))
        #: has the answer been given before the server could?
        self.given = False

    def known(self) -> bytes | None:
        """The text that answers it, as it was kept; None when the server has to say."""
        data = cache.read(self.kind, self.key) if self.key else None
        if data is None:
            return None
        self.given = True
        return json.dumps({"jsonrpc": "2.0", "id": self.request["id"], "result": json.loads(data)}).encode()

    def passes(self, message: str | bytes) -> bool:
        """Is a message of the server to be sent? Its answer to the first one is kept, and not sent a second time."""
        if not self.key:
            return True
        said = object_in(message)
        if said.get("id") != self.request["id"] or "method" in said:
            return True
        self.key, key = "", self.key
        if self.given:
            return False
        if "result" in said:
            cache.write(self.kind, key, json.dumps(said["result"]).encode())
        return True


def object_in(text: str | bytes) -> dict[str, Value]:
    """The JSON object that a message holds; empty for what is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def packages_stamp(*names: str) -> str:
    """A name for the installed versions of packages that costs no import; empty when one of them is not installed."""
    from importlib.util import find_spec

    origins = [spec.origin for name in names if (spec := find_spec(name)) is not None and spec.origin]
    return "\n".join(f"{one} {os.stat(one).st_mtime_ns}" for one in origins) if len(origins) == len(names) else ""
