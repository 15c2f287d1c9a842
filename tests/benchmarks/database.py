"""Database statements against raw sqlite3 in memory, as ratios of medians taken in turns (see `timing`).

python tests/benchmarks/database.py [--runs 7] [--json] [--postgres URL]
"""

from __future__ import annotations

import argparse
import itertools
import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from timing import compare

import xsrun
from xsrun.database import isolation, open_session
from xsrun.database.seeding import seed

TABLE = """table "{name}" {{
  auth = false
  schema {{
    int id
    timestamp created_at?=now
    text name
    int qty
    bool active?=true
    decimal price
  }}
  index = [
    {{type: "primary", field: [{{name: "id"}}]}}
    {{type: "btree", field: [{{name: "name"}}]}}
  ]
}}
"""
COLUMNS = "id, created_at, name, qty, active, price"
ROWS = 5_000
#: Statements of one call, so that the call itself weighs little.
EACH = 100


def loop(statement: str) -> str:
    return f"""function "{{name}}" {{{{
  input {{{{
    int from
  }}}}
  stack {{{{
    for ({EACH}) {{{{
      each as $i {{{{
        {statement}
      }}}}
    }}}}
  }}}}
  response = $r
}}}}
"""


FUNCTIONS = {
    "add": loop('db.add "item" {{ data = {{name: "x", qty: $i, price: 1.5}} }} as $r'),
    "get": loop('db.get "item" {{ field_name = "id", field_value = $input.from + $i }} as $r'),
    "indexed": loop('db.query "item" {{ where = $db.item.name == "name7" }} as $r'),
    "scan": loop('db.query "item" {{ where = $db.item.qty == 77 }} as $r').replace(f"for ({EACH})", "for (2)"),
    "list": loop('db.query "item" {{}} as $r').replace(f"for ({EACH})", "for (1)"),
}
#: name -> the least share of raw sqlite3's speed that is asked for
TARGETS = {"add": 1 / 6, "get": 1 / 10, "scan": 1 / 2}


def rows() -> list[dict[str, Any]]:
    return [
        {"id": n, "created_at": 1_700_000_000_000 + n, "name": f"name{n % 500}", "qty": n % 97, "price": n / 4}
        for n in range(1, ROWS + 1)
    ]


def ours(database: str) -> xsrun.Workspace:
    sources = {f"function/{name}.xs": text.format(name=name) for name, text in FUNCTIONS.items()}
    workspace = xsrun.Workspace.from_sources({"table/item.xs": TABLE.format(name="item"), **sources}, database=database)
    workspace.seed({"item": rows()})
    return workspace


def raw() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(
        "CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at BIGINT, name TEXT, qty BIGINT, "
        "active BOOLEAN, price REAL)"
    )
    connection.execute("CREATE INDEX by_name ON item (name)")
    for row in rows():
        values = (row["id"], row["created_at"], row["name"], row["qty"], True, row["price"])
        connection.execute("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)", values)
    return connection


def workloads(workspace: xsrun.Workspace, connection: sqlite3.Connection) -> dict[str, tuple[Callable[[], Any], ...]]:
    """Each as (ours, sqlite3): the same rows, the same order."""
    at = itertools.cycle(range(1, ROWS - EACH, EACH))
    insert = f"INSERT INTO item (created_at, name, qty, active, price) VALUES (?, ?, ?, ?, ?) RETURNING {COLUMNS}"

    def call(name: str) -> Callable[[], Any]:
        def run() -> Any:
            result = workspace.run(name, input={"from": next(at)})
            assert result.error is None, result.error
            return result.response

        return run

    def query(sql: str, count: int, make: Callable[[int], tuple[Any, ...]]) -> Callable[[], Any]:
        def run() -> Any:
            start = next(at)
            for number in range(count):
                found = connection.execute(sql, make(start + number)).fetchall()
            return found

        return run

    select = f"SELECT {COLUMNS} FROM item"
    return {
        "add": (call("add"), query(insert, EACH, lambda n: (1_700_000_000_000 + n, "x", n, True, 1.5))),
        "get": (call("get"), query(f"{select} WHERE id = ?", EACH, lambda n: (n,))),
        "indexed": (call("indexed"), query(f"{select} WHERE name = ? ORDER BY id", EACH, lambda n: ("name7",))),
        "scan": (call("scan"), query(f"{select} WHERE qty = ? ORDER BY id", 2, lambda n: (77,))),
        "list": (call("list"), query(f"{select} ORDER BY id", 1, lambda n: ())),
    }


def measure(runs: int, database: str = "sqlite://") -> list[dict[str, Any]]:
    """Seconds of one call of a workload on both sides and their ratio."""
    workspace, connection = ours(database), raw()
    rows = []
    for name, (mine, twin) in workloads(workspace, connection).items():
        if name == "scan":  # the inserts before must not make the table longer
            for delete in (connection.execute, workspace.open_session(workspace.context()).transaction.execute):
                delete(f"DELETE FROM item WHERE id > {ROWS}")
        seconds, plain = compare(mine, twin, runs)
        rows.append({"name": name, "xsrun": seconds, "python": plain, "ratio": seconds / plain})
    workspace.close()
    connection.close()
    return rows


def throw_away(tests: int = 200) -> float:
    """Milliseconds that a database of 100 declared tables costs a test that uses 3 of them."""
    sources = {f"table/t{n}.xs": TABLE.format(name=f"t{n}") for n in range(100)}
    with xsrun.Workspace.from_sources(sources) as workspace:
        database = workspace.database

        def one() -> None:
            with isolation.throw_away(database) as empty:
                session = open_session(empty, workspace.context())
                seed(session, {f"t{n}": [{"name": "a", "qty": 1, "price": 1}] for n in (3, 30, 90)})
                session.close()

        one()
        started = time.process_time()
        for _ in range(tests):
            one()
        return (time.process_time() - started) / tests * 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--json", action="store_true")
    options.add_argument("--database", default="sqlite://", metavar="URL")
    choice = options.parse_args()
    found = measure(choice.runs, choice.database)
    figures: dict[str, Any] = {row["name"]: {"ratio": round(row["ratio"], 2)} for row in found}
    figures["throw_away_ms"] = round(throw_away(), 2)
    if choice.json:
        print(json.dumps(figures))
        return
    for name, target in TARGETS.items():
        ratio = figures[name]["ratio"]
        print(
            f"{name:<12} 1/{ratio:<6} of sqlite3, asked 1/{1 / target:.0f}  {'ok' if ratio <= 1 / target else 'SLOW'}"
        )
    for name in ("indexed", "list"):
        print(f"{name:<12} 1/{figures[name]['ratio']}")
    print(f"throw-away   {figures['throw_away_ms']} ms a test, asked 2 ms")


if __name__ == "__main__":
    main()
