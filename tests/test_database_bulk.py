"""Many rows at once: as many statements as there are kinds of rows, with what each row alone would have done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun
from xsrun.database.many_rows import Together
from xsrun.database.transaction import Transaction
from xsrun.errors import XanoScriptError

TABLE = """table "t" {
  auth = false
  schema {
    int id
    text name
    int n?
    decimal price?=1.5
    bool on?=true
    json more?
    text[] tags?
    vector v? { size = 2 }
    text secret?="s" { visibility = "internal" }
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "name"}]}
  ]
}
"""
FORM = """function {name} {{
  input {{
    json items
  }}
  stack {{
    db.bulk.{name} "{table}" {{
      {option}items = $input.items
    }} as $done
  }}
  response = $done
}}
"""


def functions(table: str) -> dict[str, str]:
    made = {f"{name}.xs": FORM.format(name=name, table=table, option="") for name in ("patch", "update")}
    made["add.xs"] = FORM.format(name="add", table=table, option="allow_id_field = true\n      ")
    made["matching.xs"] = (
        f'function matching {{\n  input {{\n    json items\n  }}\n  stack {{\n    db.bulk.patch "{table}" {{\n'
        f"      where = $db.{table}.n > 1\n      data = {{n: 70, name: $input.items.0}}\n    }} as $done\n  }}\n"
        "  response = $done\n}\n"
    )
    made["all.xs"] = (
        f'function all {{\n  input {{\n  }}\n  stack {{\n    db.query "{table}" {{\n      sort = {{id: "asc"}}\n'
        f"    }} as $all\n  }}\n  response = $all\n}}\n"
    )
    return made


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(backend: str, table: str, steps: list[tuple[str, list[Any]]]) -> list[Any]:
    """What each step gives or how it fails, and what is there after it."""
    found: list[Any] = []
    files = {**functions(table), **({"t.xs": TABLE} if table == "t" else {})}
    with xsrun.Workspace.from_sources(files, database=new_database(backend), clock=1_700_000_000_000) as workspace:
        for name, items in steps:
            if name == "seed":
                try:
                    workspace.seed({table: items})
                except XanoScriptError as error:
                    found.append(error.as_dict())
            else:
                result = workspace.run(name, input={"items": items})
                found.append(result.response if result.error is None else (result.error.as_dict(), result.error.hint))
                found.append([str(warning) for warning in result.warnings])
            found.append(workspace.run("all").response)
    return found


@pytest.fixture
def one_by_one() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


STEPS = {
    "plain": [("add", [{"name": f"a{n}", "n": n, "more": {"x": [n, 1.0]}, "tags": ["q"]} for n in range(5)])],
    "other columns": [
        ("add", [{"name": "a"}, {"name": "b", "id": 10}, {"name": "c"}, {"name": "d", "id": 7, "n": 1}, {"name": "e"}])
    ],
    "a duplicate": [
        ("add", [{"name": "a"}, {"name": "b"}]),
        ("add", [{"name": "c"}, {"name": "d"}, {"name": "a"}, {"name": "e", "n": "wrong"}]),
        ("add", [{"name": "f"}]),
    ],
    "dropped keys behind a duplicate": [
        ("add", [{"name": "a", "on": True, "x": 1}, {"name": "a", "y": 1}, {"name": "b", "z": 1}, {"no": 1}]),
        ("add", [{"name": "c"}, {"name": "d"}]),
        ("patch", [{"id": 1, "name": "d", "p": 1}, {"id": 2, "name": "e", "q": 1}, {"id": "x", "r": 1}]),
    ],
    "a wrong value": [("add", [{"name": "c"}, {"name": "d", "n": "wrong"}, {"name": "c"}])],
    "an id twice": [("add", [{"name": "c", "id": 3}, {"name": "d", "id": 3}])],
    "seeds": [
        ("seed", [{"name": "a", "id": 5}, {"name": "b"}]),
        ("seed", [{"name": "x"}, {"name": "y"}, {"name": "a"}]),
    ],
    "a wrong seed": [("seed", [{"name": "a"}, {"name": "b"}, {"name": "c", "nmae": 1}])],
    "no text": [("seed", [{"name": "a"}, {"name": "b\0"}, {"name": "c"}])],
    "vectors": [("add", [{"name": "a", "v": [1, 2]}, {"name": "b", "v": [3.5, 4]}, {"name": "c"}])],
    "changes": [
        ("add", [{"name": f"a{n}", "n": n} for n in range(6)]),
        ("patch", [{"id": 1, "n": 10}, {"id": 2, "n": 20, "more": [1]}, {"id": 99, "n": 1}, {"id": 1, "n": 11}]),
        ("patch", [{"id": "3", "n": 30}, {"id": 4, "data": {"n": 40, "price": 2}}, {"id": 5}, {"id": 6, "n": None}]),
        ("update", [{"id": 1, "name": "z", "v": [5, 6]}, {"id": 2, "name": "y"}]),
        ("patch", [{"id": 1, "name": "q"}, {"id": 2, "name": "r"}, {"id": 3, "name": "q"}, {"id": 4, "n": "x"}]),
        ("patch", [{"id": 1, "name": "q"}, {"n": 2}]),
        ("patch", [{"id": "one", "name": "q"}, {"id": 2.5, "n": 2}]),
    ],
    "names that others have until they are changed": [
        ("add", [{"name": f"a{n}"} for n in range(1, 7)]),
        ("patch", [{"id": n, "name": f"a{n - 1}"} for n in range(6, 2, -1)]),
        ("patch", [{"id": n, "name": f"a{n - 1}", "n": 1} for n in range(2, 7)]),
        ("patch", [{"id": 1, "name": "b"}, *({"id": n, "name": f"a{n - 1}", "n": 1} for n in range(2, 7))]),
        ("patch", [{"id": n, "name": f"b{n}", "price": n} for n in (4, 99, 2, 3)]),
    ],
    "what matches": [
        ("add", [{"name": f"a{n}", "n": n} for n in range(4)]),
        ("matching", ["same"]),
        ("add", [{"name": "b", "n": 0}]),
        ("matching", [None]),
    ],
}


@pytest.mark.parametrize("table", ["t", "loose"])
@pytest.mark.parametrize("name", STEPS)
def test_together_they_do_what_each_does_alone(
    name: str, table: str, backend: str, one_by_one: pytest.MonkeyPatch
) -> None:
    found = run(backend, table, STEPS[name])
    one_by_one.setattr("xsrun.database.many_rows._MOST", 1)
    assert found == run(backend, table, STEPS[name])


def test_the_ids_are_in_the_order_of_the_items(backend: str) -> None:
    items = [{"name": f"a{n}", "n": 1000 - n} for n in range(2500)]
    answer, _, there = run(backend, "t", [("add", items)])
    assert [row["id"] for row in answer] == list(range(1, 2501))
    assert [row["name"] for row in there] == [item["name"] for item in items]
    assert answer == there


def test_a_statement_for_all(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("execute", "execute_many"):
        plain = getattr(Transaction, name)

        def noted(self: Transaction, text: str, *rest: Any, _plain: Any = plain, **options: Any) -> Any:
            asked.append(text)
            return _plain(self, text, *rest, **options)

        monkeypatch.setattr(Transaction, name, noted)
    table = TABLE.replace("    vector v? { size = 2 }\n", "")
    with xsrun.Workspace.from_sources({**functions("t"), "t.xs": table}, database=new_database(backend)) as workspace:
        workspace.run("all")
        for name, items in (
            ("add", [{"name": f"a{n}"} for n in range(200)]),
            ("patch", [{"id": n, "n": n} for n in range(1, 201)]),
            ("update", [{"id": n, "name": f"b{n}"} for n in range(1, 201)]),
        ):
            asked.clear()
            assert len(workspace.run(name, input={"items": items}).response) == 200
            assert len(asked) <= 2, asked
        asked.clear()
        workspace.seed({"t": [{"name": f"c{n}"} for n in range(200)]})
        assert len(asked) <= 2, asked


def test_what_fails_together_is_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alone: list[int] = []
    plain = Together._flush

    def noted(self: Any, following: int) -> None:
        before = len(self.written)
        plain(self, following)
        alone.append(len(self.written) - before)

    monkeypatch.setattr(Together, "_flush", noted)
    found = run("memory", "t", [("seed", [{"name": "a"}, {"name": "b"}, {"name": "a"}])])
    assert 'row 3 of table "t": Duplicate record' in found[0]["message"]
    assert found[1] == []
    assert alone == [0], "the first call found nothing waiting, the second raised"


# Reading -------------------------------------------------------------------------------------------------------------


def test_many_rows_are_read_as_one_is(backend: str) -> None:
    names = ["name", "class", 'q"u', "a'b", "{x}", "c0", "rows", "décor", "\\n"]
    columns = "\n".join(f"    text {json.dumps(name, ensure_ascii=False)}?" for name in names[2:])
    table = f"""table "odd" {{
  schema {{
    int id
    text name?
    text class?
{columns}
    bool on?
    json? more?
    decimal? price
    bool? maybe?
  }}
}}
"""
    rows = [
        {**{name: f"{name}{n}" for name in names}, "on": n % 2 == 0, "more": [n, None], "price": n / 4}
        for n in range(60)
    ] + [{"more": None, "price": None, "maybe": None}, {"maybe": True}]
    stack = 'db.query odd {\n      sort = {id: "asc"}\n    } as $r'
    text = f"function f {{\n  input {{\n  }}\n  stack {{\n    {stack}\n  }}\n  response = $r\n}}\n"
    files = {"odd.xs": table, "f.xs": text}
    with xsrun.Workspace.from_sources(files, database=new_database(backend)) as workspace:
        workspace.seed({"odd": rows})
        first, second = (workspace.run("f") for _ in range(2))
        assert first.error is None, first.error
    assert first.response == second.response
    assert [row["maybe"] for row in second.response[59:]] == [None, None, True]
    assert second.response[3] == {"id": 4, **rows[3], "on": False, "maybe": None}
