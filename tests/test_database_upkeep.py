"""Migrations, dumps, the shell, other databases, and a file that survives its process."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from databases import new_database, server

import xsrun
from xsrun.cli import main

FIRST = """table "item" {
  auth = false
  schema {
    int id
    text name
    int qty?=3
    text old?
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "name"}]}
  ]
}
"""
SECOND = """table "item" {
  auth = false
  schema {
    int id
    text name
    int qty?=3
    int old?
    json extra?
    bool on?=true
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree", field: [{name: "name"}]}
  ]
}
"""
ROWS = {"item": [{"id": 1, "name": "a", "qty": 5, "old": "7"}, {"id": 4, "name": "b", "qty": 1, "old": "x"}]}


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A workspace folder with one table, and the options that name a database."""
    (tmp_path / "item.xs").write_text(FIRST)
    return tmp_path, ["--workspace", str(tmp_path), "--database", new_database(request.param)]


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["db", *words])
    seen = capsys.readouterr()
    return status, seen.out, seen.err


def test_migrate(place: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, options = place
    assert command(capsys, "migrate", *options)[:2] == (0, "create table item\n")
    dumped = tmp_path / "rows.json"
    dumped.write_text(json.dumps(ROWS))
    assert command(capsys, "load", str(dumped), *options)[0] == 0
    (folder / "item.xs").write_text(SECOND)
    status, out, _ = command(capsys, "migrate", *options, "--dry-run", "--json")
    assert status == 0 and len(json.loads(out)["left"]) == 5
    status, out, _ = command(capsys, "migrate", *options)
    assert status == 1 and "add column item.extra" in out and "--force" in out
    assert command(capsys, "migrate", *options, "--force")[0] == 0
    status, _, err = command(capsys, "migrate", *options)
    assert status == 0 and "match their files" in err
    rows = json.loads(command(capsys, "dump", "item", *options)[1])["item"]
    assert rows == [
        {"id": 1, "name": "a", "qty": 5, "old": 7, "extra": None, "on": True},
        {"id": 4, "name": "b", "qty": 1, "old": 0, "extra": None, "on": True},
    ]


def test_migrate_a_table_with_a_percent_sign(place: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder, options = place
    rows = json.dumps({"50%": ROWS["item"]})
    (folder / "item.xs").write_text(FIRST.replace('"item"', '"50%"'))
    (folder / "rows.json").write_text(rows)
    assert command(capsys, "migrate", *options)[0] == 0
    assert command(capsys, "load", str(folder / "rows.json"), *options)[0] == 0
    (folder / "item.xs").write_text(SECOND.replace('"item"', '"50%"'))
    assert command(capsys, "migrate", "--force", *options)[0] == 0
    status, out, _ = command(capsys, "dump", *options)
    assert (status, [row["old"] for row in json.loads(out)["50%"]]) == (0, [7, 0])


def test_columns_that_are_gone_are_kept_until_forced(place: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder, options = place
    command(capsys, "migrate", *options)
    (folder / "item.xs").write_text(FIRST.replace("    text old?\n", ""))
    status, out, _ = command(capsys, "migrate", *options)
    assert status == 1 and "drop column item.old" in out
    assert command(capsys, "migrate", *options, "--force")[0] == 0


def test_a_program_says_that_a_migration_is_due(place: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _, options = place
    command(capsys, "migrate", *options)
    sources = {"item.xs": SECOND, "f.xs": 'db.query "item" {} as $r'}
    with xsrun.Workspace.from_sources(sources, database=options[-1]) as workspace:
        error = workspace.run("f").error
    assert error is not None and "xsrun db migrate" in (error.hint or "")


def test_in_memory_columns_come_by_themselves() -> None:
    one = xsrun.Workspace.from_sources({"item.xs": FIRST, "f.xs": 'db.query "item" {} as $r'})
    one.seed({"item": [{"name": "a"}]})
    two = xsrun.Workspace.from_sources(
        {"item.xs": SECOND.replace("int old?", "text old?"), "f.xs": 'db.query "item" {} as $r'}
    )
    two.take_over(one)
    assert two.run("f").variables["r"][0] == {"id": 1, "name": "a", "qty": 3, "old": "", "extra": None, "on": True}
    two.close()


def test_dump_and_load(place: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, options = place
    rows = {**ROWS, "loose": [{"id": 2, "a": [1, None], "b": {"c": "ü"}}, {"id": 9}]}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(rows)))
    assert command(capsys, "load", "--new-tables", *options)[0] == 0
    status, out, _ = command(capsys, "dump", *options)
    assert status == 0 and json.loads(out) == rows
    monkeypatch.setattr(sys, "stdin", io.StringIO(out))
    status, _, err = command(capsys, "load", *options)
    assert status == 1 and "Duplicate record" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO(out))
    assert command(capsys, "load", "--replace", *options)[0] == 0
    assert json.loads(command(capsys, "dump", *options)[1]) == rows


def test_shell(place: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, options = place
    text = """INSERT INTO item (name, qty)
VALUES ('x', 2) RETURNING id;
.tables
SELECT name FROM item WHERE qty > 1;
SELECT nope;
"""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    status, out, err = command(capsys, "shell", *options)
    assert out.splitlines() == [
        "id",
        "--",
        " 1",
        "(1 row)",
        "table",
        "-----",
        "item",
        "(1 row)",
        "name",
        "----",
        "x",
        "(1 row)",
    ]
    assert status == 1 and "nope" in err


def test_shell_runs_the_statements_of_the_command_line(place: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _, options = place
    command(capsys, "migrate", *options)
    status, out, _ = command(capsys, "shell", "select 1 as a; select ';' as b", ".tables", "select 2 as c", *options)
    assert status == 0
    assert [line for line in out.splitlines() if line[0] != "("] == [
        *("a", "-", "1", "b", "-", ";", "table", "-----", "item", "c", "-", "2")
    ]
    assert command(capsys, "shell", "select nope", *options)[0] == 1


@pytest.mark.parametrize(
    ("rows", "status", "message"),
    [
        ({"item": [{"id": 1, "name": "a"}, {"id": 2, "nmae": "b"}]}, 1, 'row 2 of table "item": Column "nmae"'),
        ({"item": [{"name": "a"}], "itme": [{"id": 1}]}, 2, "did you mean `item`?"),
        ({"item": [{"name": "a"}, 5]}, 2, "row 2 of `item` must be an object"),
        ({"item": {"name": "a"}}, 2, "the rows of `item` must be a list"),
        ([{"name": "a"}], 2, "a list of rows for each table"),
    ],
)
def test_what_does_not_fit_is_not_loaded(
    place: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: Any, status: int, message: str
) -> None:
    _, options = place
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows))
    found, _, err = command(capsys, "load", str(file), *options)
    assert found == status and message in err and "rows.json" in err
    command(capsys, "migrate", *options)
    assert json.loads(command(capsys, "dump", "item", *options)[1]) == {"item": []}


def test_load_fills_in_defaults(place: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, options = place
    file = tmp_path / "rows.json"
    file.write_text('{"item": [{"id": 3, "name": "a"}, {"id": 4, "name": "b", "qty": null}]}')
    assert command(capsys, "load", str(file), *options)[0] == 0
    (first, second) = json.loads(command(capsys, "dump", "item", *options)[1])["item"]
    assert first == {"id": 3, "name": "a", "qty": 3, "old": ""}
    assert second["qty"] is None  # what a dump says is put back as it was


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{"item": [{"name": "a"}, {"nmae": "b"}]}', 'row 2 of table "item": Column "nmae" does not exist'),
        ('{"itme": [{"name": "a"}]}', "there is no table `itme`"),
        ('{"item": [1]}', "row 1 of `item` must be an object of columns, not 1"),
    ],
)
def test_seeds_name_file_and_row(tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, message: str) -> None:
    (tmp_path / "item.xs").write_text(FIRST)
    (tmp_path / "f.xs").write_text('db.query "item" {} as $r')
    (tmp_path / "rows.json").write_text(rows)
    assert main(["run", str(tmp_path / "f.xs"), "--seed", str(tmp_path / "rows.json")]) == 2
    shown = capsys.readouterr().err
    assert "rows.json: " + message in shown


def test_seeds_of_other_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "item.xs").write_text(FIRST)
    (tmp_path / "f.xs").write_text('db.query "item" {} as $r')
    (tmp_path / "rows.yaml").write_text("item:\n  - name: 2026-01-02\n")
    (tmp_path / "item.csv").write_text("name,qty\na\nb,4\n")
    for name, found in {"rows.yaml": [("2026-01-02", 3)], "item.csv": [("a", 3), ("b", 4)]}.items():
        assert main(["run", str(tmp_path / "f.xs"), "--seed", str(tmp_path / name)]) == 0
        rows = json.loads(capsys.readouterr().out)["r"]
        assert [(row["name"], row["qty"]) for row in rows] == found
    (tmp_path / "item.csv").write_text("name,qty\na,1\nb,4,5\n")
    assert main(["run", str(tmp_path / "f.xs"), "--seed", str(tmp_path / "item.csv")]) == 2
    assert "item.csv: row 2 has 3 values for 2 columns" in capsys.readouterr().err


def test_a_missing_file_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "item.xs").write_text(FIRST)
    options = ["--workspace", str(tmp_path), "--database", f"sqlite:///{tmp_path / 'typo.db'}"]
    status, out, err = command(capsys, "dump", *options)
    assert (status, out) == (2, "") and "there is no database" in err and "typo.db" in err
    assert command(capsys, "migrate", "--dry-run", *options)[:2] == (0, "would create table item\n")
    assert not (tmp_path / "typo.db").exists()


def test_the_database_that_serve_keeps_is_made_by_load_and_only_looked_at_by_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XSRUN_DATABASE", raising=False)
    (tmp_path / "item.xs").write_text(FIRST)
    place = ["--workspace", str(tmp_path)]
    status, out, err = command(capsys, "shell", "select 1 as a", *place)
    assert (status, out) == (2, "") and "there is no database" in err and "xsrun db migrate make it" in err
    assert not (tmp_path / ".xsrun").exists()
    (tmp_path / "rows.json").write_text('{"item": []}')
    assert command(capsys, "load", str(tmp_path / "rows.json"), *place)[0] == 0
    status, out, _ = command(capsys, "shell", "select count(*) as n from item", *place)
    assert status == 0 and "0" in out


def test_a_file_that_is_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "item.xs").write_text(FIRST)
    (tmp_path / "junk.db").write_text("no database, but long enough to be looked at")
    options = ["--workspace", str(tmp_path), "--database", f"sqlite:///{tmp_path / 'junk.db'}"]
    status, out, err = command(capsys, "dump", *options)
    assert (status, out) == (2, "") and "is not an SQLite database" in err


def test_db_alone_says_what_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = command(capsys)
    assert status == 2 and "migrate, dump, load, shell" in err and "xsrun db dump" in err
    assert main(["db", "load", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--replace" in shown and "--dry-run" not in shown and "--allow-net" not in shown


def test_memory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "item.xs").write_text(FIRST)
    assert main(["db", "dump", "--workspace", str(tmp_path)]) == 2
    assert "in memory" in capsys.readouterr().err


# Other databases -----------------------------------------------------------------------------------------------------


def external(engine: str, address: str, sql: str, *arguments: str) -> Any:
    given = "\n".join(f"arg = {argument}" for argument in arguments)
    code = f'db.external.{engine}.direct_query {{\n connection_string = "{address}"\n sql = "{sql}"\n {given}\n}} as $r'
    with xsrun.Workspace.from_sources({"f.xs": code}, network=True) as workspace:
        return workspace.run("f")


def test_external_postgres() -> None:
    result = external(
        "postgres", server(), "SELECT ?::int + 1 AS n, '?' AS q, '10%' AS p, ?::jsonb AS j", "4", "{a: [1]}"
    )
    assert result.error is None, result.error
    assert result.variables["r"] == [{"n": 5, "q": "?", "p": "10%", "j": {"a": [1]}}]
    assert "does not exist" in str(external("postgres", server(), "SELECT nope").error)


def test_external_problems() -> None:
    assert "driver" in str(external("snowflake", "snowflake://u:p@127.0.0.1/x", "SELECT 1").error)
    assert "connection_string" in str(external("mysql", "", "SELECT 1").error)
    with xsrun.Workspace.from_sources(
        {
            "f.xs": """db.external.postgres.direct_query {
              connection_string = "postgresql://db.example.com/x"
              sql = "SELECT 1"
            }"""
        }
    ) as workspace:
        error = workspace.run("f").error
    assert error is not None and "db.example.com" in f"{error} {error.hint}"


# A killed process ----------------------------------------------------------------------------------------------------

WRITER = """
import sys, xsrun
workspace = xsrun.Workspace.from_sources({"item.xs": %r, "f.xs": %r}, database=sys.argv[1])
for number in range(1, 10**9):
    result = workspace.run("f", input={"name": f"{sys.argv[2]}-{number}"})
    assert result.error is None, result.error
    print(result.response, flush=True)
"""


ADD = """function "f" {
  input {
    text name
  }
  stack {
    db.add "item" { data = {name: $input.name} } as $r
  }
  response = $r.id
}
"""


def killed(url: str, round_: int, writes: int) -> int:
    """Kill a process in a stream of writes, after so many of them; the last id that it told us of."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER % (FIRST, ADD), url, str(round_)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(writes)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    return int(told[-1])


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_kill_loses_nothing(tmp_path: Path, rounds: int) -> None:
    path = tmp_path / "data.db"
    for number in range(rounds):
        last = killed(f"sqlite:///{path}", number, 100 + number % 4 * 50)
        with sqlite3.connect(path) as connection:
            ((count, top),) = connection.execute("SELECT count(*), max(id) FROM item")
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert top >= last and count == top
