"""What `xsrun serve` costs with one and with several processes, beside Starlette's with as many: answers a CPU-second.

    python tests/benchmarks/load.py [--workers 1 2] [--connections 16] [--rounds 8] [--seconds 2]

The other side is an `async def` endpoint of Starlette on uvicorn, with the same query on raw sqlite3 or psycopg. The
load comes from wrk where it is installed, else from this process. All servers run at the same time and are asked in
turns, so that a busy machine slows all of them; CPU seconds of a server are those of all its processes, read from /proc
(Linux). PostgreSQL is the one of the tests; without it these rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from server import FILES, SEED, Server, free_port

#: What is asked: name, path, the database, and the share of Starlette's rate that is wanted.
ASKED = (
    ("trivial query", "/api:g/hello?name=Bo", "sqlite", 0.50),
    ("db.get, SQLite", "/api:g/boats/1", "sqlite", 0.45),
    ("db.get, PostgreSQL", "/api:g/boats/1", "postgres", 0.45),
)
_ADDRESS = "XSRUN_BENCHMARK_DATABASE"


def application() -> Any:
    """The endpoints that xsrun is compared with, for each process of uvicorn."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    row = row_reader(os.environ[_ADDRESS])

    async def hello(request: Request) -> JSONResponse:
        return JSONResponse({"message": "Hello " + request.query_params.get("name", "")})

    async def boat(request: Request) -> JSONResponse:
        found = row(int(request.path_params["id"]))
        return JSONResponse(None if found is None else dict(zip(("id", "name", "length"), found, strict=True)))

    return Starlette(routes=[Route("/api:g/hello", hello), Route("/api:g/boats/{id}", boat)])


def row_reader(address: str) -> Any:
    """Reads a row by its key on a connection that stays open."""
    query = 'SELECT "id", "name", "length" FROM "boat" WHERE "id" = '
    if address.startswith("postgresql:"):
        import psycopg

        link = psycopg.connect(address, autocommit=True)
        return lambda key: link.execute(f"{query}%s", (key,)).fetchone()
    import sqlite3

    file = sqlite3.connect(address.removeprefix("sqlite:///"))
    return lambda key: file.execute(f"{query}?", (key,)).fetchone()


class Tree(Server):
    """A server of several processes."""

    def processes(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, children.read_text(encoding="ascii").split())
        return found

    def cpu_seconds(self) -> float:
        ticks = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def load(self, connections: int, seconds: float) -> int:
        wrk = shutil.which("wrk")
        if wrk is None:
            return super().load(connections, seconds)
        path = self.request.split()[1].decode()
        words = [wrk, "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", f"http://127.0.0.1:{self.port}{path}"]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in told or "Socket errors" in told:
            raise SystemExit(f"{self.name} failed: {told}")
        return int(re.findall(r"(\d+) requests in", told)[0])


def databases(folder: str) -> dict[str, str]:
    """The addresses of the databases that there are."""
    found = {"sqlite": f"sqlite:///{folder}/boats.db"}
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import postgres_server

    try:
        found["postgres"] = postgres_server.address()
    except postgres_server.NoServerError as error:
        print(f"without PostgreSQL: {error}", file=sys.stderr)
    return found


@contextmanager
def servers(workers: int) -> Iterator[list[tuple[Tree, Tree, float]]]:
    """Ours, theirs and what share is wanted, for each thing that is asked."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        seed = Path(folder, "seed.json")
        seed.write_text(SEED, encoding="utf-8")
        begun: dict[str, tuple[Tree, Tree]] = {}
        pairs = []
        count = ["--workers", str(workers)]
        try:
            for database, address in databases(folder).items():
                ports = [free_port(), free_port()]
                serve = [sys.executable, "-m", "xsrun", "serve", folder, "--seed", str(seed), "--quiet", "--no-reload"]
                # one that is loaded makes the table before the other side reads it
                ours = Tree("xsrun", [*serve, *count, "--database", address, "--port", str(ports[0])], "/", ports[0])
                os.environ[_ADDRESS] = address
                uvicorn = [sys.executable, "-m", "uvicorn", "load:application", "--factory", "--app-dir"]
                direct = [*uvicorn, str(Path(__file__).parent), *count, "--no-access-log", "--port", str(ports[1])]
                begun[database] = ours, Tree("Starlette", direct, "/", ports[1])
            for name, path, database, wanted in ASKED:
                if database in begun:
                    pairs.append((*(asking(one, name, path) for one in begun[database]), wanted))
            yield pairs  # type: ignore[misc]
        finally:
            for pair in begun.values():
                for one in pair:
                    one.process.terminate()
                    one.process.wait(30)


def asking(running: Tree, name: str, path: str) -> Tree:
    """A server that runs already, asked for another path."""
    found = Tree(f"{running.name}: {name}", ["true"], path, running.port)
    found.process = running.process
    return found


def measure(workers: int, connections: int, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Answers a CPU-second of each side, and what share of the other's ours is."""
    with servers(workers) as pairs:
        for pair in pairs:
            for one in pair[:2]:
                one.load(connections, seconds)
        for _ in range(rounds):
            for pair in pairs:
                for one in pair[:2]:
                    one.measure(connections, seconds)
        rows = []
        for (ours, theirs, wanted), (name, *_) in zip(pairs, ASKED, strict=False):
            one, other = statistics.median(ours.rates), statistics.median(theirs.rates)
            speeds = [round(statistics.median(side.speeds)) for side in (ours, theirs)]
            share = statistics.median(a / b for a, b in zip(ours.rates, theirs.rates, strict=True))
            rows.append(
                {"name": name, "workers": workers, "xsrun": round(one), "starlette": round(other), "share": share}
                | {"wanted": wanted, "speeds": speeds}
            )
        return rows


def report(workers: list[int], connections: int, rounds: int, seconds: float, as_json: bool = False) -> None:
    """Measure and print."""
    rows = [row for count in workers for row in measure(count, connections, rounds, seconds)]
    if as_json:
        print(json.dumps(rows))
        return
    print(f"{'':<20} workers  xsrun  Starlette   a CPU-second")
    for row in rows:
        missed = "" if row["share"] >= row["wanted"] else f"  wanted {row['wanted']:.0%}"
        print(
            f"{row['name']:<20} {row['workers']:>7} {row['xsrun']:>6} {row['starlette']:>10} {row['share']:>6.0%}"
            f"  ({row['speeds'][0]} and {row['speeds'][1]} a second){missed}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report(options.workers, options.connections, options.rounds, options.seconds, options.json)


if __name__ == "__main__":
    main()
