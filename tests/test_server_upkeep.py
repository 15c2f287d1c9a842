"""Rows stay, and tables follow their files: across restarts, edits, undos and redos nothing is lost, nothing fails."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from databases import new_database
from http_server import Client
from served_process import ServedProcess, save, serve_process

from xsrun.cli import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ends servers by a signal")

GROUP = 'api_group g {\n  canonical = "g"\n}\n'


def query(name: str, verb: str, inputs: str, stack: str, response: str) -> str:
    return (
        f'query {name} verb={verb} {{\n  api_group = "g"\n  input {{\n{inputs}\n  }}\n  stack {{\n{stack}\n  }}\n'
        f"  response = {response}\n}}\n"
    )


FILES = {
    "api/g.xs": GROUP,
    "api/add.xs": query(
        "add", "POST", "    json row", "    db.add item {\n      data = $input.row\n    } as $row", "$row"
    ),
    "api/list.xs": query(
        "list", "GET", "", '    db.query item {\n      sort = {item.id: "asc"}\n    } as $all', "$all"
    ),
}


def table(columns: dict[str, str], indexes: str = "") -> str:
    """A table with these columns and their types; what stands behind a name (`?=3`) goes with it."""
    fields = "".join(f"    {kind} {name}\n" for name, kind in columns.items())
    return f"table item {{\n  auth = false\n  schema {{\n    int id\n{fields}  }}\n{indexes}}}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "my files"  # a blank has to be quoted in commands
    write(place, {**FILES, "table/item.xs": table({"name": "text"})})
    return place


class Edits:
    """Saves the table's file and waits until the server has read it."""

    def __init__(self, folder: Path, served: ServedProcess) -> None:
        self.folder, self.served = folder, served

    def save(self, text: str) -> list[str]:
        """The lines that the server printed about it."""
        file = self.folder / "table" / "item.xs"
        if file.read_text("utf-8") == text:
            return []
        seen = len(self.served.lines)
        save(file, text)
        self.served.until(lambda: any("reloaded" in line for line in self.served.lines[seen:]))
        return self.served.lines[seen:]


def added(client: Client, row: dict[str, Any]) -> dict[str, Any]:
    reply = client.post("/api:g/add", {"row": row})
    assert reply.status == 200, reply
    found: dict[str, Any] = reply.json
    return found


def rows(client: Client) -> list[dict[str, Any]]:
    reply = client.get("/api:g/list")
    assert reply.status == 200, reply
    found: list[dict[str, Any]] = reply.json
    return found


def test_rows_stay_beside_the_files_and_db_finds_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serve_process(folder) as served:
        assert added(served.client, {"name": "a"})["id"] == 1
        assert f"database sqlite:///{folder}/.xsrun/database.db" in served.lines
    with serve_process(folder) as served:
        assert added(served.client, {"name": "b"})["id"] == 2
    assert (folder / ".xsrun").stat().st_mode & 0o077 == 0
    assert (folder / ".xsrun" / ".gitignore").read_text() == "*\n"
    assert main(["db", "dump", "--workspace", str(folder), "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["item"]] == ["a", "b"]
    with serve_process(folder, "--memory") as served:
        assert rows(served.client) == []
        assert any("in memory" in line for line in served.lines)
    assert main(["serve", str(folder), "--memory", "--database", "sqlite:///x.db"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_seeds_fill_a_table_once(folder: Path) -> None:
    seed = folder / "item.json"
    seed.write_text('[{"name": "a"}, {"name": "b"}]', encoding="utf-8")
    for _ in range(2):
        with serve_process(folder, "--seed", str(seed)) as served:
            assert [row["name"] for row in rows(served.client)] == ["a", "b"]
    assert "has rows already" in served.text


@pytest.mark.parametrize("backend", ["memory", "file", "postgres"])
def test_a_saved_table_is_what_the_database_has(folder: Path, backend: str) -> None:
    with serve_process(folder, "--database", new_database(backend)) as served:
        client, edits = served.client, Edits(folder, served)
        assert added(client, {"name": "a"}) == {"id": 1, "name": "a"}
        wide = {"name": "text", "n?": "int", 'note?="it\'s 100% :x"': "text", "tags?": "text[]"}
        lines = edits.save(table(wide))
        assert any("add column item.note" in line for line in lines)
        assert rows(client) == [{"id": 1, "name": "a", "n": 0, "note": "it's 100% :x", "tags": []}]
        added(client, {"name": "b", "n": 7, "note": "n", "tags": ["t"]})
        # gone, and back with what it held; rows that came meanwhile have the default
        edits.save(table({"name": "text"}))
        assert added(client, {"name": "c"}) == {"id": 3, "name": "c"}
        edits.save(table(wide))
        assert [row["n"] for row in rows(client)] == [0, 7, 0]
        assert [row["note"] for row in rows(client)] == ["it's 100% :x", "n", "it's 100% :x"]
        # a type that takes all values
        lines = edits.save(table({**wide, "n?": "text"}))
        assert any("change column item.n" in line for line in lines), lines
        assert [row["n"] for row in rows(client)] == ["0", "7", "0"]
        edits.save(table(wide))
        assert [row["n"] for row in rows(client)] == [0, 7, 0]
        # an index that is made, one that cannot be
        unique = '  index = [{type: "btree|unique", field: [{name: "name"}]}]\n'
        edits.save(table(wide, unique))
        assert client.post("/api:g/add", {"row": {"name": "a"}}).status == 500  # the engine's for a duplicate
        lines = edits.save(table(wide, unique.replace('"name"}', '"n"}')))
        assert any("cannot create index" in line and "Duplicate record" in line for line in lines), lines
        assert added(client, {"name": "a", "n": 8})["n"] == 8
        # the file is gone: its rows are not, and it comes back
        (folder / "table" / "item.xs").rename(folder / "item.txt")
        served.until(lambda: client.get("/api:g/list").status == 200 and len(rows(client)) == 4)
        (folder / "item.txt").rename(folder / "table" / "item.xs")
        served.until(lambda: rows(client)[1] == {"id": 2, "name": "b", "n": 7, "note": "n", "tags": ["t"]})


@pytest.mark.parametrize("backend", ["file", "postgres"])
def test_what_loses_data_is_asked_for_with_a_command_that_works(folder: Path, backend: str) -> None:
    url = new_database(backend)
    text, number = table({"name": "text"}), table({"name": "int"})
    with serve_process(folder, "--database", url) as served:
        client, edits = served.client, Edits(folder, served)
        added(client, {"name": "x"})
        added(client, {"name": "007"})
        lines = edits.save(number)
        assert any("change column item.name" in line for line in lines), lines
        # until then the column is as it was
        assert [row["name"] for row in rows(client)] == ["x", "007"]
        assert added(client, {"name": 5})["name"] == "5"
        assert edits.save(text) and [row["name"] for row in rows(client)] == ["x", "007", "5"]
    write(folder, {"table/item.xs": number})
    with serve_process(folder, "--database", url) as served:
        client = served.client
        assert [row["name"] for row in rows(client)] == ["x", "007", "5"]
        command = next(line for line in served.lines if "to do it: " in line).partition("to do it: ")[2]
        assert "--force" in command and "--database" in command
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        pasted = {**os.environ, "PATH": path, "XSRUN_DATABASE": url}
        done = subprocess.run(command, shell=True, env=pasted, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "change column item.name" in done.stdout, done
        # the server that runs sees it
        assert [row["name"] for row in rows(client)] == [0, 7, 5]
        assert added(client, {"name": 6})["name"] == 6


def test_the_command_quotes_and_keeps_passwords(folder: Path) -> None:
    from xsrun.server.upkeep import way_to_force
    from xsrun.workspace.workspace import LoadedWorkspace

    def way(url: str) -> str:
        return "\n".join(way_to_force(LoadedWorkspace({}, folder, database=url)))

    assert f"--workspace '{folder}'" in way("sqlite:///a b.db") and "a b.db' --force" in way("sqlite:///a b.db")
    secret = way("postgresql://ann:secret@db/x")
    assert "secret" not in secret and '--database "$XSRUN_DATABASE"' in secret
    assert "in memory" in way("sqlite://")


def test_a_forced_migration_touches_no_other_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column whose name has a percent sign among others that change."""
    write(tmp_path, {"item.xs": table({'"a%b"': "text", '"c%d"?': "int", "gone?": "text", "e?": "text"})})
    place = ["--workspace", str(tmp_path), "--database", f"sqlite:///{tmp_path}/x.db"]
    row = {"id": 1, "a%b": "12", "c%d": 12, "gone": "x", "e": "1"}
    (tmp_path / "rows.json").write_text(json.dumps({"item": [row]}))
    assert main(["db", "migrate", *place]) == 0
    assert main(["db", "load", *place, str(tmp_path / "rows.json")]) == 0
    write(tmp_path, {"item.xs": table({'"a%b"': "text", '"c%d"?': "text", "e?": "int"})})
    assert main(["db", "migrate", *place, "--force"]) == 0
    capsys.readouterr()
    assert main(["db", "dump", *place, "--json"]) == 0
    assert capsys.readouterr().out.strip() == '{"item":[{"id":1,"a%b":"12","c%d":"12","e":1}]}'


# Many restarts -------------------------------------------------------------------------------------------------------

KINDS = {
    "plain": ("text", "p"),
    "number?": ("int", 5),
    'worded?="w"': ("text", "own"),
    "listed?": ("text[]", ["x"]),
    "stamped?=now": ("timestamp", 1_700_000_000_000),
    "truth?=true": ("bool", False),
    "maybe?": ("json?", {"a": 1}),
}
INDEXES = [
    "",
    '  index = [{type: "btree", field: [{name: "name"}]}]\n',
    '  index = [{type: "btree|unique", field: [{name: "name"}]}]\n',
]


@pytest.mark.parametrize("backend", ["file", "postgres"])
@pytest.mark.parametrize("restarts", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_restarts_and_edits_lose_nothing(folder: Path, backend: str, restarts: int) -> None:
    chance = random.Random(restarts)
    url = new_database(backend)
    kept: list[dict[str, Any]] = []
    history = [table({"name": "text"})]
    shown: set[str] = set()
    for _ in range(restarts):
        with serve_process(folder, "--database", url) as served:
            client, edits = served.client, Edits(folder, served)
            for _ in range(4):
                if len(history) > 2 and chance.random() < 0.4:  # an undo, or the redo of one
                    text = chance.choice(history)
                else:
                    some = chance.sample(sorted(KINDS), chance.randrange(len(KINDS)))
                    text = table({"name": "text", **{name: KINDS[name][0] for name in some}}, chance.choice(INDEXES))
                history.append(text)
                edits.save(text)
                columns = {re.split(r"[?=]", name)[0]: name for name in KINDS if f" {name}\n" in text}
                row = {"name": f"r{len(kept)}", **{short: KINDS[name][1] for short, name in columns.items()}}
                if chance.random() < 0.7:
                    assert added(client, row) == {"id": len(kept) + 1, **row}
                    kept.append(row)
                found = rows(client)
                assert len(found) == len(kept)
                for has, was in zip(found, kept, strict=True):
                    assert set(has) == {"id", "name", *columns}
                    assert {name: value for name, value in has.items() if name in was} == {
                        name: value for name, value in was.items() if name in has
                    }
                shown.update(columns)
            chance.shuffle(history)
            write(folder, {"table/item.xs": history[-1]})  # an edit while the server is down, or about to be
        assert " 500 " not in served.text, served.text
    assert len(kept) >= restarts
