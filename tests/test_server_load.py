"""A minute of many connections while files are saved: no wrong answer, no lost write, memory flat."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from databases import new_database
from http_server import Client
from test_server_workers import serving

SECONDS = float(os.environ.get("XSRUN_LOAD_SECONDS", "60"))
CONNECTIONS = 200

pytestmark = pytest.mark.slow


def query(name: str, verb: str, inputs: str, stack: str, response: str) -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "g"\n  input {{\n{inputs}\n  }}\n  stack {{\n{stack}\n  }}\n'
        f"  response = {response}\n}}\n"
    )


def versioned(number: int) -> str:
    """A query whose answer tells which version of its file it comes from."""
    return query("echo", "GET", "    text said", "", f"{{said: $input.said, version: {number}}}")


FILES = {
    "group.xs": 'api_group g {\n  canonical = "g"\n}\n',
    "table.xs": "table note {\n  schema {\n    int id\n    text said\n  }\n}\n",
    "echo.xs": versioned(0),
    "add.xs": query(
        "add", "POST", "    text said", "    db.add note {\n      data = {said: $input.said}\n    } as $n", "$n"
    ),
    "get.xs": query(
        "notes/{id}",
        "GET",
        "    int id",
        '    db.get note {\n      field_name = "id"\n      field_value = $input.id\n    } as $n',
        "$n",
    ),
    "count.xs": query(
        "count", "GET", "", '    db.query note {\n      return = {type: "count"}\n    } as $n', "{count: $n}"
    ),
}


class Link:
    """One connection: adds a note, reads it back, and asks for an echo, over and over."""

    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.round = 0
        self.step = "add"
        self.added = 0
        self.note: Any = None
        self.received = b""
        self.socket = socket.create_connection(("127.0.0.1", port))

    @property
    def said(self) -> str:
        return f"{self.number}-{self.round}"

    def ask(self) -> None:
        self.received = b""
        if self.step == "add":
            body = json.dumps({"said": self.said}).encode()
            head = "POST /api:g/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            self.socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            return
        path = f"/api:g/notes/{self.note['id']}" if self.step == "get" else f"/api:g/echo?said={self.said}"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def read(self) -> bool:
        """Take what has come; tells whether the answer is whole."""
        data = self.socket.recv(65_536)
        assert data, "the server closed the connection"
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        return bool(end) and found is not None and len(body) >= int(found[1])

    def check(self, version: int) -> None:
        """Compare the answer with what it must be, and go on to the next step."""
        head, _, body = self.received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), self.received
        answer = json.loads(body)
        if self.step == "add":
            assert answer["said"] == self.said
            self.note, self.step = answer, "get"
            self.added += 1
        elif self.step == "get":
            assert answer == self.note
            self.step = "echo"
        else:
            assert answer["said"] == self.said
            assert 0 <= answer["version"] <= version
            self.step = "add"
            self.round += 1


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory from /proc")
def test_a_minute_of_load(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", "xsrun", "serve", str(tmp_path), "--port", "0", "--quiet"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        port = int(server.stderr.readline().rstrip().rpartition(":")[2])
        try:
            added, memory, versions = hammer(tmp_path, port, server.pid)
            reply = Client(port).get("/api:g/count")
            assert reply.json == {"count": added}
            assert Client(port).get("/api:g/echo?said=x").json["version"] == versions
        finally:
            server.terminate()
    # the rows themselves take room: so much for each that was written since the first look
    (early, rows_early), (late, rows_late) = memory
    assert late - early < 30_000_000 + (rows_late - rows_early) * 400, memory


def hammer(folder: Path, port: int, pid: int) -> tuple[int, list[tuple[int, int]], int]:
    """Load the server; gives the rows added, memory and rows at a third and at the end, and the last version."""
    links = [Link(number, port) for number in range(CONNECTIONS)]
    selector = selectors.DefaultSelector()
    for link in links:
        selector.register(link.socket, selectors.EVENT_READ, link)
        link.ask()
    begun = time.monotonic()
    version = 0
    memory: list[tuple[int, int]] = []
    while (now := time.monotonic() - begun) < SECONDS:
        if now > version + 1:
            version += 1
            (folder / "echo.xs").write_text(versioned(version), encoding="utf-8")
        if not memory and now > SECONDS / 3:
            memory.append((resident(pid), sum(link.added for link in links)))
        for key, _ in selector.select(0.2):
            link = key.data
            if link.read():
                link.check(version)
                link.ask()
    waiting = set(links)
    while waiting:  # let what was asked be answered, so that every row that was added is counted
        for key, _ in selector.select(5):
            link = key.data
            if link in waiting and link.read():
                link.check(version)
                waiting.discard(link)
    for link in links:
        link.socket.close()
    time.sleep(1)
    memory.append((resident(pid), sum(link.added for link in links)))
    print(f"{sum(3 * link.round for link in links):,} answers, {version} reloads, memory {memory}")
    return sum(link.added for link in links), memory, version


class Survivor(Link):
    """A connection that is made anew when the process behind it dies: what was not acknowledged may be there, once."""

    def __init__(self, number: int, port: int) -> None:
        super().__init__(number, port)
        self.port = port
        self.acknowledged: dict[int, str] = {}
        self.unknown: list[str] = []

    def take(self, selector: selectors.BaseSelector, *, more: bool) -> bool:
        """Read what came, and go on with the next step if there is more to do. Tells whether an answer is whole."""
        try:
            if not self.read():
                return False
            if self.step == "add":
                note = json.loads(self.received.partition(b"\r\n\r\n")[2])
                self.check(0)
                self.acknowledged[note["id"]] = self.said
            else:
                self.check(0)
            if more:
                self.ask()
        except (ConnectionError, AssertionError) as error:
            if isinstance(error, AssertionError) and "closed the connection" not in str(error):
                raise
            self.begin_anew(selector, more=more)
        return True

    def begin_anew(self, selector: selectors.BaseSelector, *, more: bool) -> None:
        if self.step == "add" and self.said not in self.acknowledged.values():
            self.unknown.append(self.said)
            self.round += 1
        selector.unregister(self.socket)
        self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        selector.register(self.socket, selectors.EVENT_READ, self)
        if more:
            self.ask()


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")
def test_a_minute_of_kills_and_restarts_on_postgresql(tmp_path: Path) -> None:
    """200 connections on two workers, of which one is killed or both are replaced every few seconds."""
    import psycopg

    database = new_database("postgres")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with serving(tmp_path, "--quiet", "--no-reload", "--database", database) as server:
        links = [Survivor(number, server.client.port) for number in range(CONNECTIONS)]
        selector = selectors.DefaultSelector()
        for link in links:
            selector.register(link.socket, selectors.EVENT_READ, link)
            link.ask()
        begun, disturbed, kills = time.monotonic(), 0.0, 0
        while (now := time.monotonic() - begun) < SECONDS:
            there = server.workers()
            if now > disturbed + 4 and len(there) == 2:
                disturbed, kills = now, kills + 1
                if kills % 3:
                    os.kill(sorted(there)[kills % 2], signal.SIGKILL)
                else:
                    server.process.send_signal(signal.SIGHUP)
            for key, _ in selector.select(0.2):
                key.data.take(selector, more=True)
        waiting = set(links)
        while waiting:
            events = selector.select(10)
            assert events, "the server answers no more"
            waiting -= {key.data for key, _ in events if key.data in waiting and key.data.take(selector, more=False)}
        for link in links:
            link.socket.close()
    acknowledged = {number: said for link in links for number, said in link.acknowledged.items()}
    unknown = {said for link in links for said in link.unknown}
    with psycopg.connect(database) as connection:
        there_now = connection.execute("SELECT id, said FROM note").fetchall()
    print(f"{len(acknowledged):,} writes, {kills} kills and restarts, {len(unknown)} writes of unknown outcome")
    assert acknowledged.items() <= dict(there_now).items()
    others = [said for number, said in there_now if number not in acknowledged]
    assert len(others) == len({*others}) and {*others} <= unknown
    assert kills  # a busy machine takes long to start a process: it may be one alone
