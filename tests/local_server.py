"""A real HTTP server on loopback that behaves well or badly, by path."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from waiting import PATIENCE, join


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        seen = {
            "method": self.command,
            "path": path,
            "query": query,
            "headers": [[name, value] for name, value in self.headers.items()],
            "body": body.decode("utf-8", "replace"),
        }
        self.server.seen.append(seen)
        getattr(self, "at_" + path.strip("/").replace("-", "_"), self.at_missing)(seen, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815

    def send(self, body: bytes, content_type: str = "application/json", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def redirect(self, to: str, status: int) -> None:
        self.send(b"", status=status, Location=to)

    # Good answers

    def at_echo(self, seen: dict[str, Any], _body: bytes) -> None:
        self.send(json.dumps(seen).encode(), Set_Cookie="session=1")

    def at_missing(self, *_: Any) -> None:
        self.send(b'{"error":"no such page"}', status=404)

    def at_text(self, *_: Any) -> None:
        self.send("høj vande".encode(), "text/plain; charset=utf-8")

    def at_html_json(self, *_: Any) -> None:
        self.send(b' {"level": 3}', "text/html")

    def at_broken_json(self, *_: Any) -> None:
        self.send(b'{"level": ')

    def at_binary(self, *_: Any) -> None:
        self.send(bytes(range(256)), "application/octet-stream")

    def at_empty(self, *_: Any) -> None:
        self.send_response(204)
        self.end_headers()

    def at_gzip(self, *_: Any) -> None:
        self.send(gzip.compress(b'{"packed": true}'), Content_Encoding="gzip")

    def at_bad_gzip(self, *_: Any) -> None:
        self.send(b"not gzip at all", Content_Encoding="gzip")

    def at_bomb(self, *_: Any) -> None:
        self.send(zlib.compress(b"0" * 50_000_000, 9), "text/plain", Content_Encoding="deflate")

    def at_large(self, *_: Any) -> None:
        self.send(b"x" * 3_000_000, "text/plain")

    # Redirects

    def at_moved(self, *_: Any) -> None:
        self.redirect("/echo", 302)

    def at_see_other(self, *_: Any) -> None:
        self.redirect("/echo", 303)

    def at_kept(self, *_: Any) -> None:
        self.redirect("/echo?kept=1", 307)

    def at_loop(self, *_: Any) -> None:
        self.redirect("/loop", 302)

    def at_away(self, *_: Any) -> None:
        self.redirect("http://example.com/secret", 302)

    # Bad answers

    def at_slow(self, *_: Any) -> None:
        """No answer as long as the server runs."""
        self.server.stopping.wait()
        self.close_connection = True

    def at_drip(self, *_: Any) -> None:
        """A head that never ends, a byte at a time."""
        self.close_connection = True
        for byte in itertools.chain(b"HTTP/1.1 200 OK\r\nX-Drip: ", itertools.repeat(ord("y"))):
            if self.server.stopping.wait(0.02):
                return
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return

    def at_hang_up(self, *_: Any) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def at_cut(self, *_: Any) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npartial")

    def at_nonsense(self, *_: Any) -> None:
        self.close_connection = True
        self.wfile.write(b"\0\1\2 what is HTTP?\r\n\r\n")

    # Streams

    def at_lines(self, *_: Any) -> None:
        self.send(b'{"n":1}\n\n{"n":2}\n', "application/x-ndjson")

    def at_rows(self, *_: Any) -> None:
        self.send(b'name,age\nAnn,30\n"Bo ""B""",4\n', "text/csv")

    def at_events(self, *_: Any) -> None:
        self.send(b'event: x\ndata: {"n": 1}\n\n: note\n\ndata: a\ndata: b\n\ndata: [DONE]\n\n', "text/event-stream")

    def at_list(self, *_: Any) -> None:
        self.send(b"[1, 2, 3]")

    def at_chunks(self, *_: Any) -> None:
        self.send_chunks(lambda: True)

    def at_paced(self, *_: Any) -> None:
        """A chunked body whose next chunk comes when the test asks for it (`Server.more`)."""
        self.send_chunks(lambda: self.server.more.acquire(timeout=PATIENCE))

    def send_chunks(self, may_go_on: Callable[[], bool]) -> None:
        """Three chunks; it is asked after each whether there may be more."""
        self.send_response(200)
        self.send_header("Content-Type", "application/jsonl")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(3):
            line = b'{"n":%d}\n' % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            if not may_go_on():
                return
        self.wfile.write(b"0\r\n\r\n")

    def at_cut_lines(self, *_: Any) -> None:
        self.close_connection = True
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/jsonl\r\nContent-Length: 99\r\n\r\n{"n":1}\n')


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        self.more = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """Clients hang up on purpose here."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving() -> Iterator[Server]:
    """A server while the block runs."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        join(thread)
