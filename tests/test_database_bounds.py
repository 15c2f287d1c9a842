"""What a database keeps from one statement to the next stays within bounds, whatever requests choose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun
from xsrun.database.backend import MOST_SHAPES
from xsrun.database.bounded import Bounded
from xsrun.database.connection import Connection
from xsrun.database.operands import CONVERTERS, members
from xsrun.database.tables import MOST_STATEMENTS, Table
from xsrun.errors import XanoScriptError
from xsrun.running.context import Context

GET = """function "get_{table}" {{
  input {{
    text field
  }}
  stack {{
    db.get "{table}" {{
      field_name = $input.field
      field_value = 1
    }} as $row
    db.has "{table}" {{
      field_name = $input.field
      field_value = 1
    }} as $there
  }}
  response = [$row, $there]
}}"""
SOURCES = {
    **{f"function/get_{name}.xs": GET.format(table=name) for name in ("note", "bag")},
    "table/note.xs": """table "note" {
  auth = false
  schema {
    int id
    timestamp created_at?=now
    json data?
  }
}""",
    "function/edit.xs": """function "edit" {
  input {
    text field
  }
  stack {
    db.edit "bag" {
      field_name = "id"
      field_value = 1
      data = {}|set:$input.field:2
    } as $row
  }
  response = $row
}""",
    "function/add.xs": """function "add" {
  input {
    text field
  }
  stack {
    db.add "bag" {
      data = {}|set:$input.field:1
    } as $row
  }
  response = $row
}""",
    "function/sort.xs": """function "sort" {
  input {
    text field
  }
  stack {
    db.query "note" {
      override_sort = [{sortBy: $input.field, orderBy: "asc"}]
      return = {type: "list"}
    } as $rows
  }
  response = $rows
}""",
}


@pytest.fixture(params=BACKENDS)
def workspace(request: Any) -> Iterator[xsrun.Workspace]:
    with xsrun.Workspace.from_sources(SOURCES, database=new_database(request.param)) as made:
        yield made


def run(workspace: xsrun.Workspace, name: str, field: str) -> Any:
    result = workspace.run(name, input={"field": field})
    assert result.error is None, result.error
    return result.response


def table(workspace: xsrun.Workspace, name: str) -> Table:
    found: Table = workspace.database.tables[(name, "live")]
    return found


def test_what_is_used_stays() -> None:
    kept: Bounded[int, str] = Bounded(10)
    assert kept.put(0, "a") == "a"
    assert kept.put(0, "b") == "a", "what is there stays"
    for number in range(1, 100):
        kept.put(number, str(number))
        assert kept.get(0) == "a", "used every time"
        assert len(kept.values()) <= 10
    assert kept.get(99) == "99" and kept.get(98) == "98"
    assert kept.get(50) is None


def kept_for(table: Table) -> int:
    """How many statements are kept for a table."""
    return len(table.prepared.values())


def test_statements_for_fields_that_requests_choose(workspace: xsrun.Workspace) -> None:
    workspace.seed({"note": [{"id": n, "data": {f"k{n}": 1}} for n in range(1, 4)]})
    for number in range(1, MOST_STATEMENTS):
        row, there = run(workspace, "get_note", f"data.k{number}")
        assert (row and row["id"], there) == ((number, True) if number < 4 else (None, False))
    assert MOST_STATEMENTS / 2 <= kept_for(table(workspace, "note")) <= MOST_STATEMENTS
    assert run(workspace, "get_note", "data.k2")[0]["id"] == 2, "one that was let go is made again"


def test_a_field_that_no_row_has_needs_no_statement(workspace: xsrun.Workspace) -> None:
    assert run(workspace, "get_bag", "size") == [None, False], "there is no such table yet"
    run(workspace, "add", "size")
    before = kept_for(table(workspace, "bag"))
    for number in range(20):
        assert run(workspace, "get_bag", f"size{number}") == [None, False]
    assert kept_for(table(workspace, "bag")) == before
    assert run(workspace, "get_bag", "size")[1] is True


def test_orders_that_requests_choose(workspace: xsrun.Workspace) -> None:
    queries = workspace.database.backend.queries = Bounded(6)
    for number in range(9):
        assert run(workspace, "sort", f"data.k{number}") == []
    assert 3 <= len(queries.values()) <= 6


def test_an_undeclared_table_that_grows_by_every_write(
    workspace: xsrun.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[tuple[str, int]] = []
    backend = workspace.database.backend
    made = class_of_connections(workspace)
    plain = made.execute

    def execute(self: Connection, text: str, parameters: Any = ()) -> Any:
        executed.append((text.split()[0], len(text)))
        return plain(self, text, parameters)

    steps = MOST_SHAPES + 10
    run(workspace, "add", "k0")
    run(workspace, "add", "k1")
    monkeypatch.setattr(made, "execute", execute)
    for number in range(2, steps):
        before = len(executed)
        row = run(workspace, "add", f"k{number}")
        assert row[f"k{number}"] == 1
        mine = [one for one in executed[before:] if one[0] in ("ALTER", "INSERT")]
        assert [word for word, _ in mine] == ["ALTER", "INSERT"], "a column and a row"
        assert all(length < 200 for _, length in mine), "neither names the columns that were there"
    monkeypatch.undo()
    grown = table(workspace, "bag")
    assert len(grown.columns) == steps + 2
    shapes = backend._undeclared.values()
    assert len(shapes) <= MOST_SHAPES
    definitions = {id(column) for shape in shapes for column in shape.columns}
    assert len(definitions) <= 2 * steps, "the shapes share their columns"
    assert sum(shape.stored is not None for shape in shapes) == 0, "none needed SQLAlchemy's table of all columns"


def class_of_connections(workspace: xsrun.Workspace) -> type[Connection]:
    """The class of the workspace's connections."""
    connections = workspace.database.connections
    connection = connections.take()
    connections.give_back(connection)
    return type(connection)


def test_changes_of_fields_that_requests_choose(workspace: xsrun.Workspace) -> None:
    run(workspace, "add", "k0")
    for number in range(20):
        assert run(workspace, "edit", f"k{number}")[f"k{number}"] == 2
    assert kept_for(table(workspace, "bag")) <= 2, "what is prepared for the smaller table is not carried along"


#: values beyond what a kind of column holds, or of no kind of column
BEYOND = ["1e999", "-1e999", "nan", "inf", 2**63, -(2**63) - 1, 1e300, "9" * 400, "\0", "\ud800", "١", b"\xff", [[]]]
BEYOND += [{"a": "1e999"}, {"data": 1}, True, None, "1e400-01-01", "POINT(1e999 0)"]


@pytest.mark.parametrize("kind", CONVERTERS)
@pytest.mark.parametrize("value", BEYOND, ids=str)
def test_no_kind_of_column_meets_a_value_that_is_a_fault(kind: str, value: Any) -> None:
    convert = CONVERTERS[kind]
    with suppress(XanoScriptError):
        convert(value, Context())
    for members_of in (value, [value, 1]):
        assert members(kind, convert)(members_of, Context()) is not None


def test_a_text_that_names_an_endless_number() -> None:
    source = """db.query "note" {
  where = $db.note.created_at > "1e999"
  return = {type: "list"}
} as $notes"""
    with xsrun.Workspace.from_sources({**SOURCES, "a.xs": source}) as workspace:
        error = workspace.run("a").error
    assert error is not None
    assert (str(error), error.line) == ('ParseError: Invalid value for param:"note.created_at"', 1)
