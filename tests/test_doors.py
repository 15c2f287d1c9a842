"""The same program stores the same bytes through every door: file, text, standard input, Python, a call, HTTP."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import xsrun as command
from http_server import running

import xsrun
from xsrun.server import create_application

TABLE = (
    "table kept {\n  auth = false\n  schema {\n    int id\n    text words\n    json any\n    decimal number\n  }\n}\n"
)
#: what is stored in a text, in JSON, as a number
VALUES = [
    ('"plain"', "{b: 1, a: [true, null]}", "1"),
    ('"é\\u0301 \\u00e9 😀 \\u202e"', '{"é": "\\u0301", "😀": [[]]}', "0.1"),
    ('"\\r\\n\\t a  "', '"\\r\\n"', "1e8"),
    ('"quote \\" \' ` \\\\ /"', '{"a\\"b": \'\\\\\'}', "-0.5"),
    ('"9007199254740993"', "[9007199254740993, 1.0, 1e2, -0.0]", "900719925"),
    ('""', "{}", "0"),
    ('"null"', "[]", "1.50"),
    ('"<b>&amp;</b>"', '{"": {"": ""}}', "123456789.125"),
    ('"%d {} $x {{ x }}"', '["%s", "$var.x", "{{ x }}"]', "2.675"),
    ('"\\u0000"|trim', "{a: 1.10, b: 1e-7}", "1e-7"),
]
ADD = "\n".join(
    f"db.add kept {{\n  data = {{words: {words}, any: {any_}, number: {number}}}\n}} as $row{at}"
    for at, (words, any_, number) in enumerate(VALUES)
)
FUNCTION = f"function add_all {{\n  input {{\n  }}\n  stack {{\n{ADD}\n  }}\n  response = 1\n}}\n"
QUERY = """query "add" verb=POST {
  api_group = "g"
  input {
  }
  stack {
    function.run add_all {
      input = {}
    } as $r
  }
  response = $r
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "workspace"
    for name, text in {
        "table/kept.xs": TABLE,
        "function/add.xs": FUNCTION,
        "api/g.xs": 'api_group g {\n  canonical = "g"\n}\n',
        "api/add.xs": QUERY,
        "loose.xs": ADD + "\n",
    }.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return place


def stored(file: Path) -> list[tuple[object, ...]]:
    """The rows of the table, byte for byte."""
    with sqlite3.connect(file) as connection:
        return connection.execute(
            "SELECT id, typeof(words), hex(words), typeof(any), hex(any), typeof(number), quote(number) FROM kept"
        ).fetchall()


def on_the_command_line(*words: str, stdin: str | None = None) -> Callable[[Path, str], None]:
    def enter(folder: Path, database: str) -> None:
        done = command(*words, "--database", database, "-w", ".", folder=folder, stdin=stdin)
        assert done.returncode == 0, done.stderr

    return enter


def in_python(folder: Path, database: str) -> None:
    with xsrun.Workspace.load(folder, database=database) as workspace:
        assert workspace.run("add_all").error is None


def by_a_call(folder: Path, database: str) -> None:
    with xsrun.Workspace.load(folder, database=database) as workspace:
        assert workspace.run("add", kind="query").error is None


def over_http(folder: Path, database: str) -> None:
    with (
        xsrun.Workspace.load(folder, database=database) as workspace,
        running(create_application(workspace)) as client,
    ):
        assert client.post("/api:g/add").status == 200


DOORS: dict[str, Callable[[Path, str], None]] = {
    "file": on_the_command_line("run", "loose.xs"),
    "text": on_the_command_line("run", ADD),
    "eval": on_the_command_line("eval", ADD),
    "standard input": on_the_command_line("run", "-", stdin=ADD),
    "function": on_the_command_line("run", "function:add_all"),
    "query": on_the_command_line("run", "query:POST add"),
    "traced": on_the_command_line("run", "function:add_all", "--trace"),
    "Python": in_python,
    "call": by_a_call,
    "HTTP": over_http,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    """What a workspace of texts stores."""
    file = tmp_path_factory.mktemp("expected") / "rows.db"
    with xsrun.Workspace.from_sources({"t.xs": TABLE, "f.xs": FUNCTION}, database=f"sqlite:///{file}") as workspace:
        assert workspace.run("add_all").error is None
    rows = stored(file)
    assert len(rows) == len(VALUES)
    return rows


@pytest.mark.parametrize("door", DOORS)
def test_every_door_stores_the_same(
    folder: Path, tmp_path: Path, door: str, expected: list[tuple[object, ...]]
) -> None:
    file = tmp_path / "rows.db"
    DOORS[door](folder, f"sqlite:///{file}")
    assert stored(file) == expected


SENT = [
    {"words": "é\u0301 😀", "any": {"é": "\u0301", "b": 1, "a": [True, None]}, "number": 0.1},
    {"words": "\r\n a ", "any": "\r\n", "number": -0.5},
    {"words": "", "any": {}, "number": 0},
    {"words": "null", "any": [], "number": 123456789.125},
    {"words": "9007199254740993", "any": [9007199254740993, 1.0, 1e22, 1e-7], "number": 900719925},
    {"words": '%d {x} $y \\ "', "any": ["%s", "\\", '"'], "number": 2.675},
]
PUT = """query "put" verb=POST {
  api_group = "g"
  input {
    text words?
    json any?
    decimal number
  }
  stack {
    db.add kept { data = {words: $input.words, any: $input.any, number: $input.number} } as $r
  }
  response = $r.id
}
"""


def test_what_callers_send_is_stored_the_same(folder: Path, tmp_path: Path) -> None:
    (folder / "api" / "put.xs").write_text(PUT, encoding="utf-8")
    files = {door: tmp_path / f"{door}.db" for door in ("words", "json", "python", "http")}
    urls = {door: f"sqlite:///{file}" for door, file in files.items()}
    for one in SENT:
        parts = [word for name, value in one.items() for word in ("-i", f"{name}={json.dumps(value)}")]
        assert command("run", "query:POST put", *parts, "--database", urls["words"], folder=folder).returncode == 0
        whole = ["-i", json.dumps(one, ensure_ascii=False), "--database", urls["json"]]
        assert command("run", "query:POST put", *whole, folder=folder).returncode == 0
    with xsrun.Workspace.load(folder, database=urls["python"]) as workspace:
        assert [workspace.run("put", input={**one}).response for one in SENT] == [1, 2, 3, 4, 5, 6]
    with (
        xsrun.Workspace.load(folder, database=urls["http"]) as workspace,
        running(create_application(workspace)) as client,
    ):
        assert [client.post("/api:g/put", one).json for one in SENT] == [1, 2, 3, 4, 5, 6]
    rows = {door: stored(file) for door, file in files.items()}
    assert rows["words"] == rows["json"] == rows["python"] == rows["http"]
    assert len(rows["http"]) == len(SENT)
