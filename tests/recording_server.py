"""A server on loopback that keeps the requests it gets and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from waiting import join

#: Status and document for method, path and body; bytes are sent as they are.
Answering = Callable[[str, str, Any], tuple[int, Any]]


@dataclass
class Seen:
    """A request: header names in small letters, the body decoded where it is JSON, a list where it is lines of it."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class RecordingServer:
    url: str
    seen: list[Seen] = field(default_factory=list)


def decoded(body: bytes) -> Any:
    text = body.decode()
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        try:
            return [json.loads(line) for line in text.splitlines() if line]
        except ValueError:
            return text


@contextmanager
def recording(answer: Answering, headers: dict[str, str] | None = None) -> Iterator[RecordingServer]:
    """The server, while it runs."""
    made = RecordingServer("")

    class Recorder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def handle_it(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "deflate":
                import zlib

                raw = zlib.decompress(raw)
            elif self.headers.get("Content-Encoding") == "gzip":
                import gzip

                raw = gzip.decompress(raw)
            seen = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, decoded(raw))
            made.seen.append(seen)
            status, document = answer(seen.method, seen.path, seen.body)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_it  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        join(thread)
