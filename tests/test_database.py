"""Databases, sessions, transactions and threads, on each back end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun
from xsrun.database import open_session
from xsrun.database.isolation import throw_away
from xsrun.database.seeding import seed
from xsrun.errors import UsageError

TABLES = {
    "table/item.xs": """table "item" {
  auth = false
  schema {
    int id
    timestamp created_at?=now
    text name filters=trim
    int qty?=0
    decimal price?
    bool on?=true
    enum state?="open" {
      values = ["open", "done"]
    }
    json meta?
    text[] tags?
    object size? {
      schema {
        int w?=1
        int h?
      }
    }
    text? note?
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "name"}]}
    {type: "btree|unique", field: [{name: "qty"}, {name: "note"}]}
  ]
}
""",
    "table/member.xs": """table "member" {
  auth = true
  schema {
    uuid id
    email email
    password pw {
      visibility = "internal"
    }
    text secret? {
      visibility = "private"
    }
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
  ]
}
""",
}


def program(stack: str, response: str = "null", inputs: str = "") -> str:
    return f'function "f" {{\n  input {{\n{inputs}\n  }}\n  stack {{\n{stack}\n  }}\n  response = {response}\n}}\n'


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest) -> str:
    return new_database(request.param)


@pytest.fixture
def make(url: str) -> Iterator[Any]:
    made: list[xsrun.Workspace] = []

    def workspace(
        stack: str = "", response: str = "null", inputs: str = "", *, strict: bool = False, **sources: str
    ) -> Any:
        files = {**TABLES, "function/f.xs": program(stack, response, inputs)}
        files |= {f"function/{name}.xs": text for name, text in sources.items()}
        made.append(xsrun.Workspace.from_sources(files, database=url, clock=1_700_000_000_000, strict=strict))
        return made[-1]

    yield workspace
    for one in made:
        one.close()


def answer(workspace: xsrun.Workspace, name: str = "f", **inputs: Any) -> Any:
    result = workspace.run(name, input=inputs)
    assert result.error is None, f"{result.error} ({result.error.hint})"
    return result.response


def error(workspace: xsrun.Workspace, name: str = "f", **inputs: Any) -> Any:
    result = workspace.run(name, input=inputs)
    assert result.error is not None, result.response
    return result.error


# Rows ----------------------------------------------------------------------------------------------------------------


def test_a_row_has_every_column(make: Any) -> None:
    row = answer(make('db.add "item" { data = {name: " a "} } as $r', "$r"))
    assert row == {
        "id": 1,
        "created_at": 1_700_000_000_000,
        "name": "a",
        "qty": 0,
        "price": 0,
        "on": True,
        "state": "open",
        "meta": None,
        "tags": [],
        "size": {},
        "note": None,
    }
    assert list(row) == ["id", "created_at", "name", "qty", "price", "on", "state", "meta", "tags", "size", "note"]


def test_what_is_returned_is_what_is_kept(make: Any) -> None:
    stack = """db.add "item" {
      data = {name: "a", qty: 5, price: 1.123456, meta: {b: [1, 2.5, {c: null}]}, tags: ["x"], size: {h: 3}, note: "ü"}
    } as $added
    db.get "item" { field_name = "id", field_value = 1 } as $read
    db.edit "item" { field_name = "name", field_value = "a", data = {on: false} } as $edited
    db.query "item" { return = {type: "single"} } as $queried"""
    added, read, edited, queried = answer(make(stack, "[$added, $read, $edited, $queried]"))
    assert added == read == {**edited, "on": True}
    assert edited == queried
    assert read["price"] == 1.12346
    assert read["size"] == {"w": 1, "h": 3}


def test_errors_name_the_column(make: Any) -> None:
    problem = error(make('db.add "item" { data = {name: "a", qty: "many"} }'))
    assert problem.payload == {"param": "qty"} and problem.status == 400
    problem = error(make('db.query "item" { where = $db.item.nmae == 1 }'))
    assert problem.message == "Unsupported parameter reference - nmae" and problem.status == 400
    assert "name" in problem.hint and (problem.file, problem.line) == ("function/f.xs", 6)
    problem = error(make('db.query "item" { where = $db.other.name == 1 }'))
    assert "other" in problem.message
    problem = error(make('db.add "item" { data = {name: "a", price: 12345678901} }'))
    assert problem.message == "SQL Error: 0"
    assert problem.hint == "price: 1.23457e+10 has more than nine digits before the point"


@pytest.mark.parametrize(
    "statement",
    [
        'db.add "item" { data = {name: "a", nmae: 1} }',
        'db.add_or_edit "item" { field_name = "name" field_value = "a" data = {nmae: 1} }',
        'db.bulk.add "item" { items = [{name: "a", nmae: 1}, {name: "b", nmae: 2}] }',
        'db.bulk.update "item" { items = [{id: 1, name: "a", nmae: 1}] }',
        'db.bulk.patch "item" { items = [{id: 1, nmae: 1}] }',
        'db.add "item" { data = {name: "a"} }\n db.edit "item" { field_value = 1 data = {nmae: 1} }',
        'db.add "item" { data = {name: "a"} }\n db.patch "item" { field_value = 1 data = {nmae: 1} }',
    ],
)
def test_keys_that_are_no_column_are_dropped_with_a_warning(make: Any, statement: str) -> None:
    statement = statement.replace("{ field", "{\n field").replace(" field_value", "\n field_value")
    workspace = make(statement.replace(" data =", "\n data ="))
    result = workspace.run("f")
    assert result.error is None
    (warning,) = result.warnings
    assert warning.code == "XS716" and "`nmae`" in warning.message and "`name`" in warning.hint
    assert warning.file == "function/f.xs" and warning.line > 5


def test_strictly_keys_that_are_no_column_are_refused(make: Any) -> None:
    workspace = make('db.add "item" { data = {nmae: "a"} }', strict=True)
    problem = error(workspace)
    assert "nmae" in problem.message and "item" in problem.message and "name" in problem.hint
    assert (problem.file, problem.line) == ("function/f.xs", 6)
    with pytest.raises(xsrun.XanoScriptError, match="nmae"):
        make("").seed({"item": [{"nmae": "a"}]})


def test_unique_indexes(make: Any) -> None:
    problem = error(make('db.add "item" { data = {name: "a"} }\n db.add "item" { data = {name: "a"} }'))
    assert problem.message.startswith("Duplicate record detected") and "name" in problem.hint
    assert problem.code == "ERROR_FATAL"
    nulls = 'db.add "item" { data = {name: "b", qty: 9} }\n db.add "item" { data = {name: "c", qty: 9} } as $r'
    assert answer(make(nulls, "$r.name")) == "c"
    twice = "\n".join(f'db.add "item" {{ data = {{name: "{name}", qty: 8, note: "n"}} }}' for name in "de")
    assert "note" in error(make(twice)).hint


def test_ids(make: Any) -> None:
    stack = """db.add "item" { data = {id: 50, name: "a"} } as $a
    db.add "item" { data = {name: "b"} } as $b
    db.add "item" { data = {id: 7, name: "c"} } as $c
    db.add "item" { data = {name: "d"} } as $d
    db.truncate "item"
    db.add "item" { data = {name: "e"} } as $e
    db.truncate "item" { reset = true }
    db.add "item" { data = {name: "f"} } as $f"""
    assert answer(make(stack, "[$a.id, $b.id, $c.id, $d.id, $e.id, $f.id]")) == [50, 51, 7, 52, 53, 1]


def test_uuid_ids_and_visibility(make: Any) -> None:
    stack = """db.add "member" { data = {email: "a@b.co", pw: "Secret123", secret: "s"} } as $m
    db.get "member" { field_name = "id", field_value = $m.id, output = ["pw", "secret"] } as $all
    db.patch "member" { field_name = "id", field_value = $m.id, data = {pw: $all.pw} }
    db.query "member" { output = ["pw"] } as $again"""
    member, whole, again = answer(make(stack, "[$m, $all, $again]"))
    assert len(member["id"]) == 36 and "pw" not in member and member["secret"] == "s"
    assert whole["pw"] != "Secret123" and again == [{"pw": whole["pw"]}]


def test_an_undeclared_table_grows(make: Any) -> None:
    stack = """db.query "loose" { where = $db.loose.a == 1 } as $none
    db.add "loose" { data = {a: 1} } as $one
    db.add "loose" { data = {b: {c: "x"}, a: null} } as $two
    db.edit "loose" { field_name = "id", field_value = 1, data = {d: [1]} } as $three
    db.query "loose" { where = $db.loose.b.c == "x" } as $found
    db.query "loose" { sort = {id: "asc"} } as $all"""
    result = make(stack, "[$none, $one, $two, $three, $found, $all]").run("f")
    none, one, two, three, found, everything = result.response
    now = 1_700_000_000_000
    assert none == [] and one == {"id": 1, "created_at": now, "a": 1}
    assert two == {"id": 2, "created_at": now, "b": {"c": "x"}, "a": None} and found == [two]
    assert three == {**one, "d": [1]} and everything == [three, two]
    assert [warning.code for warning in result.warnings] == ["XS710"]


def test_names_with_percent_signs(make: Any) -> None:
    """To the drivers of PostgreSQL a percent sign in a statement is the beginning of a parameter."""
    stack = """db.add "50%off" { data = {id: 7, "a%b": 1} } as $one
    db.direct_query {
      sql = "select \\"a%b\\" as found from ?:alias where 'a%' like ?"
      arg = "50%off"
      arg = "a%"
    } as $rows
    db.truncate "50%off" { reset = true }
    db.add "50%off" { data = {"a%b": 2} } as $two"""
    one, rows, two = answer(make(stack, "[$one, $rows, $two]"))
    assert (one["id"], one["a%b"]) == (7, 1) and rows == [{"found": 1}]
    assert (two["id"], two["a%b"]) == (1, 2)


def test_strict_knows_declared_tables_only(url: str) -> None:
    sources = {**TABLES, "function/f.xs": program('db.add "itme" { data = {a: 1} }')}
    with xsrun.Workspace.from_sources(sources, database=url, strict=True) as workspace:
        problem = error(workspace)
    assert problem.message == "Invalid syntax: missing parameter - dbo" and "item" in problem.hint


@pytest.mark.parametrize(
    ("left", "operator", "right", "count"),
    [
        (5, "in", [1, 5], 1),
        ("5", "in", [1, 5], 1),
        ("a", "in", [1, "b"], 0),
        (1.5, "in", 1.5, 1),
        (True, "in", [True], 1),
        (5, "not in", [1, 5], 0),
        ([1], "in", [1], 0),
        (5, "=", 5, 1),
        (5, "contains", 5, 1),
    ],
)
def test_a_search_may_compare_two_values(make: Any, left: Any, operator: str, right: Any, count: int) -> None:
    search = '[{left: {tag: "const", operand: $input.left}, op: $input.operator, right: {operand: $input.right}}]'
    stack = (
        'db.add "item" {\n data = {name: "a"}\n}\n'
        f'db.query "item" {{\n additional_where = {search}\n return = {{type: "count"}}\n}} as $n'
    )
    workspace = make(stack, "$n", "json left\njson right\ntext operator")
    assert answer(workspace, left=left, operator=operator, right=right) == count


# Transactions --------------------------------------------------------------------------------------------------------

NESTED = """db.add "item" { data = {name: "before"} }
try_catch {
  try {
    db.transaction {
      stack {
        db.add "item" { data = {name: "outer"} }
        try_catch {
          try {
            db.transaction {
              stack {
                db.add "item" { data = {name: "inner"} }
                db.add "fresh" { data = {a: 1} }
                throw { name = "x", value = 1 }
              }
            }
          }
          catch {
            db.add "item" { data = {name: "caught"} }
          }
        }
        try_catch {
          try {
            db.add "item" { data = {name: "outer"} }
          }
          catch {
            db.add "fresh" { data = {b: 1} } as $fresh
          }
        }
        conditional {
          if ($input.fail) {
            precondition (false)
          }
        }
      }
    }
  }
  catch {
    db.add "item" { data = {name: "after"} }
  }
}
db.query "item" { sort = {id: "asc"} } as $rows
db.query "fresh" { return = {type: "count"} } as $count"""


def test_transactions_nest(make: Any) -> None:
    workspace = make(NESTED, "{names: $rows|map:$$.name, fresh: $count}", "bool fail")
    assert answer(workspace, fail=False) == {"names": ["before", "outer", "caught"], "fresh": 1}


def test_a_failed_transaction_leaves_nothing(make: Any) -> None:
    workspace = make(NESTED, "{names: $rows|map:$$.name, fresh: $count}", "bool fail")
    assert answer(workspace, fail=True) == {"names": ["before", "after"], "fresh": 0}
    assert answer(make('db.add "fresh" { data = {c: 1} } as $r', "$r.c")) == 1


def test_an_open_transaction_ends_with_its_object(make: Any) -> None:
    inner = 'db.transaction {}\n db.add "item" { data = {name: $input.name} }\n precondition ($input.name != "bad")'
    outer = """try_catch {
      try {
        function.run "inner" { input = {name: "bad"} }
      }
      catch {
        function.run "inner" { input = {name: "good"} }
      }
    }
    db.add "item" { data = {name: "last"} }
    db.query "item" { sort = {id: "asc"} } as $rows
    precondition (false)"""
    code = program(inner, inputs="text name").replace('"f"', '"inner"')
    workspace = make(
        outer, inner=code, seen=program('db.query "item" {} as $r', "$r|map:$$.name").replace('"f"', '"seen"')
    )
    error(workspace)
    assert answer(workspace, "seen") == ["good", "last"]


# Persistence ---------------------------------------------------------------------------------------------------------


def test_another_workspace_finds_the_rows(make: Any, url: str) -> None:
    first = make('db.add "item" { data = {name: "kept"} }\n db.add "loose" { data = {a: 1} }')
    answer(first)
    second = make(
        'db.query "item" {} as $i\n db.query "loose" { where = $db.loose.a == 1 } as $l', "[$i[0].name, $l[0].a]"
    )
    if url == "sqlite://":
        assert error(second).message
        return
    assert answer(second) == ["kept", 1]
    # what the second adds, the first sees too
    answer(make('db.add "loose" { data = {b: 2} }'))
    third = make('db.query "loose" { sort = {id: "asc"} } as $l', "$l[1].b")
    assert answer(third) == 2


def test_urls() -> None:
    for bad in ("mysql://x", "sqlite:///", "file.db"):
        with pytest.raises(UsageError), xsrun.Workspace.from_sources(TABLES, database=bad) as workspace:
            workspace.seed({"item": [{"name": "a"}]})


# Throw-away databases ------------------------------------------------------------------------------------------------


def test_a_throw_away_database_is_empty_and_leaves_nothing(make: Any) -> None:
    workspace = make('db.query "item" { return = {type: "count"} } as $n', "$n")
    workspace.seed({"item": [{"name": "a"}], "loose": [{"id": 3, "x": 1}]})
    database = workspace.database
    with throw_away(database) as empty, throw_away(database, "live") as copy:
        counts = []
        for one in (empty, copy):
            context = workspace.context()
            context.session_slot = open_session(one, context)
            seed(context.session, {"item": [{"name": "b"}]})
            counts.append(workspace.execute(workspace.find("f"), {}, context).response)
        assert counts == [1, 2]
    assert answer(workspace) == 1


# Threads -------------------------------------------------------------------------------------------------------------

THREADS, ROUNDS = 8, 500
INCREMENTS = {
    "in_one_step": 'db.direct_query { sql = "UPDATE item SET qty = qty + 1 WHERE id = 1" }',
    "with_a_lock": """db.transaction {
      stack {
        db.get "item" { field_name = "id", field_value = 1, lock = true } as $r
        db.edit "item" { field_name = "id", field_value = 1, data = {qty: $r.qty + 1} }
      }
    }""",
}


@pytest.mark.parametrize("way", INCREMENTS)
def test_no_increment_is_lost(make: Any, way: str) -> None:
    loop = f"for ($input.n) {{\n each as $i {{\n {INCREMENTS[way]}\n }}\n }}"
    workspace = make(
        loop, inputs="int n", read=program('db.query "item" {} as $r', "$r[0].qty").replace('"f"', '"read"')
    )
    workspace.seed({"item": [{"name": "counter"}]})
    problems: list[Any] = []

    def work() -> None:
        result = workspace.run("f", input={"n": ROUNDS})
        problems.extend([result.error] if result.error else [])

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert answer(workspace, "read") == THREADS * ROUNDS


def test_many_threads_make_the_same_new_table(make: Any) -> None:
    workspace = make('db.add "fresh" { data = {$input.key: 1}|set:$input.key:1 }', inputs="text key")
    problems: list[Any] = []

    def work(number: int) -> None:
        for step in range(5):
            result = workspace.run("f", input={"key": f"k{(number + step) % 7}"})
            problems.extend([result.error] if result.error else [])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
