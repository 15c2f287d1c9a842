"""What `xsrun serve` costs: requests per CPU-second of the server, beside a Starlette endpoint on the same uvicorn.

    python tests/benchmarks/server.py [--connections 16] [--rounds 8] [--seconds 1]

The servers take turns, so that a busy machine slows all of them; medians over the rounds. Linux only (it reads the CPU
time of the servers from /proc).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GROUP = 'api_group g {\n  canonical = "g"\n}\n'
TRIVIAL = (
    'query hello verb=GET {\n  api_group = "g"\n  input {\n    text name?\n  }\n  stack {\n  }\n'
    '  response = {message: "Hello " ~ $input.name}\n}\n'
)
ROW = (
    'query "boats/{id}" verb=GET {\n  api_group = "g"\n  input {\n    int id\n  }\n  stack {\n    db.get boat {\n'
    '      field_name = "id"\n      field_value = $input.id\n    } as $boat\n  }\n  response = $boat\n}\n'
)
TABLE = "table boat {\n  schema {\n    int id\n    text name\n    int length?\n  }\n}\n"
FILES = {"group.xs": GROUP, "hello.xs": TRIVIAL, "boat.xs": ROW, "table.xs": TABLE}
#: The query of one row in memory, and who answers it too.
ROW_QUERY, FASTAPI = "db.get, in memory", "the same query on sqlite3"
SEED = '{"boat": [{"id": 1, "name": "Ann", "length": 9}]}'


def serve_direct(port: int) -> None:
    """The endpoint that everything is compared with."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from xsrun.server.listening import listen

    async def hello(request: Request) -> JSONResponse:
        return JSONResponse({"message": "Hello " + request.query_params.get("name", "")})

    with listen("127.0.0.1", port) as bound:
        routes = [Route("/api:g/hello", hello)]
        uvicorn.Server(uvicorn.Config(Starlette(routes=routes), access_log=False, log_config=None)).run(sockets=[bound])


def serve_fastapi(port: int) -> None:
    """The same query in FastAPI, on sqlite3 as it comes."""
    import sqlite3

    import uvicorn
    from fastapi import FastAPI, HTTPException

    from xsrun.server.listening import listen

    rows = sqlite3.connect(":memory:", check_same_thread=False)
    rows.execute("CREATE TABLE boat (id INTEGER PRIMARY KEY, name TEXT, length INTEGER)")
    rows.execute("INSERT INTO boat VALUES (1, 'Ann', 9)")
    made = FastAPI()

    @made.get("/api:g/boats/{boat_id}")
    async def boat(boat_id: int) -> dict[str, Any]:
        found = rows.execute("SELECT id, name, length FROM boat WHERE id = ?", (boat_id,)).fetchone()
        if found is None:
            raise HTTPException(404)
        return {"id": found[0], "name": found[1], "length": found[2]}

    with listen("127.0.0.1", port) as bound:
        uvicorn.Server(uvicorn.Config(made, access_log=False, log_config=None)).run(sockets=[bound])


def is_whole(answer: bytes) -> bool:
    """Is all of an answer there?"""
    head, _, body = answer.partition(b"\r\n\r\n")
    return len(body) == int(head.lower().rpartition(b"content-length: ")[2].split(b"\r")[0] or 0) and bool(body)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


class Server:
    """A server in a process of its own, asked for one path."""

    def __init__(self, name: str, words: list[str], path: str, port: int) -> None:
        self.name = name
        self.request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self.port = port
        self.process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        self.rates: list[float] = []
        self.speeds: list[float] = []
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{name} did not start")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, connections: int, seconds: float) -> int:
        """Keep some connections busy; gives the number of answers."""
        selector = selectors.DefaultSelector()
        for _ in range(connections):
            link = socket.create_connection(("127.0.0.1", self.port))
            link.sendall(self.request)
            selector.register(link, selectors.EVENT_READ)
        waiting: dict[socket.socket, bytes] = {}
        answers = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # the client never sleeps: to wake it would be on the server's account, and more so for a slower server
            for key, _ in selector.select(0):
                link = key.fileobj  # type: ignore[assignment]
                waiting[link] = waiting.get(link, b"") + link.recv(65_536)
                if not is_whole(waiting[link]):
                    continue
                if not (found := waiting.pop(link)).startswith(b"HTTP/1.1 200"):
                    raise SystemExit(f"{self.name} gave a wrong answer: {found[:300]!r}")
                answers += 1
                link.sendall(self.request)
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        selector.close()
        return answers

    def measure(self, connections: int, seconds: float) -> None:
        before = self.cpu_seconds()
        answers = self.load(connections, seconds)
        self.rates.append(answers / (self.cpu_seconds() - before))
        self.speeds.append(answers / seconds)


def run(connections: int, rounds: int, seconds: float) -> list[Server]:
    """The servers with what they did, the endpoint that all are compared with first."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        seed = Path(folder, "seed.json")
        seed.write_text(SEED, encoding="utf-8")
        serve = [sys.executable, "-m", "xsrun", "serve", folder, "--seed", str(seed), "--quiet", "--port"]
        file = ["--database", f"sqlite:///{folder}/boats.db"]
        ports = [free_port() for _ in range(4)]
        direct = [sys.executable, __file__, "--direct", str(ports[0])]
        servers = [
            Server("Starlette endpoint", direct, "/api:g/hello?name=Bo", ports[0]),
            Server("trivial query", [*serve, str(ports[1])], "/api:g/hello?name=Bo", ports[1]),
        ]
        row = Server(ROW_QUERY, ["true"], "/api:g/boats/1", ports[1])
        row.process = servers[1].process
        servers += [row, Server("db.get, in a file", [*serve, str(ports[2]), *file], "/api:g/boats/1", ports[2])]
        if importlib.util.find_spec("fastapi") is None:
            print("requests: FastAPI is left out, it is not installed", file=sys.stderr)
        else:
            words = [sys.executable, __file__, "--fastapi", str(ports[3])]
            servers.append(Server(FASTAPI, words, "/api:g/boats/1", ports[3]))
        try:
            for server in servers:
                server.load(connections, seconds)
            for _ in range(rounds):
                for server in servers:
                    server.measure(connections, seconds)
        finally:
            for server in servers:
                server.process.terminate()
    return servers


def measure(runs: int) -> list[dict[str, Any]]:
    """CPU seconds of one answer, and how many times those of the bare endpoint that is."""
    servers = run(16, runs, 0.5)
    base = statistics.median(servers[0].rates)
    rates = {server.name: statistics.median(server.rates) for server in servers[1:]}
    peer = rates.pop(FASTAPI, None)
    rows = [{"name": name, "xsrun": 1 / rate, "python": 1 / base, "ratio": base / rate} for name, rate in rates.items()]
    if peer is not None:
        rate = rates[ROW_QUERY]
        row = {"name": f"{ROW_QUERY}, beside FastAPI", "twin": FASTAPI, "xsrun": 1 / rate, "python": 1 / peer}
        rows.append(row | {"ratio": peer / rate})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--direct", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fastapi", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.direct or options.fastapi:
        serve_direct(options.direct) if options.direct else serve_fastapi(options.fastapi)
        return
    servers = run(options.connections, options.rounds, options.seconds)
    base = statistics.median(servers[0].rates)
    for server in servers:
        rate, speed = statistics.median(server.rates), statistics.median(server.speeds)
        print(f"{server.name:<20} {rate:8.0f} a CPU-second  {rate / base:6.0%}  {speed:8.0f} a second")


if __name__ == "__main__":
    main()
