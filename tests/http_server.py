"""A real server for tests: the application on uvicorn, in a thread, on a port of its own."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from waiting import PATIENCE, join

from xsrun.server.application import Application
from xsrun.server.listening import listen, make_server


@dataclass
class Reply:
    """An answer: `headers` by name in small letters, the last one of a name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests to a server on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Send one request; a `body` that is neither text nor bytes goes as JSON."""
        given = dict(headers or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(verb, path, body, given)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str, **options: Any) -> Reply:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.send("POST", path, body, **options)


@contextmanager
def running(application: Application) -> Iterator[Client]:
    """Serve an application until the block ends."""
    bound = listen("127.0.0.1", 0)
    server = make_server(application)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield Client(bound.getsockname()[1])
    finally:
        server.should_exit = True
        join(thread)
        bound.close()
