"""Smoke runs and the made-up values they use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun.cli import main
from xsrun.fields.compiling import compile_fields
from xsrun.testing.plausible import Plausible
from xsrun.testing.sandbox import Sandbox
from xsrun.testing.smoke import fill_tables

CONTEXT = xsrun.Workspace.from_sources({}).context()
FIELDS = """
    int n filters=min:3|max:4
    int page
    decimal weight?
    bool ripe
    email owner
    email[2:4] owners
    password secret filters=min:8|minAlpha:2|minDigit:2
    uuid key
    date day
    timestamp at
    json rules
    text code filters=digitOk|min:12
    text short filters=max:3
    text slug filters=startsWith:"a-"
    text grade filters=pattern:"/^[A-Z]/"
    enum size {
      values = ["s", "m"]
    }
    object box {
      schema {
        text label
        int[] sides
      }
    }
    geo_point place
    geo_polygon area
    vector shape {
      size = 4
    }
    image? picture?
"""


def fields(text: str) -> list[Any]:
    tree = xsrun.parse(f"function f {{\n  input {{{text}  }}\n  stack {{\n  }}\n  response = 1\n}}\n")
    return compile_fields(tree.items[0].fields_of("input"), "f.xs")


@pytest.mark.parametrize("declared", fields(FIELDS), ids=lambda one: one.name)
def test_made_up_values_are_accepted(declared: Any) -> None:
    for seed in range(20):
        value = Plausible(seed).value(declared, CONTEXT)
        declared.accept(value, CONTEXT, declared.name)


def test_the_same_seed_gives_the_same_values() -> None:
    one, same, other = (Plausible(seed).inputs(fields(FIELDS), CONTEXT) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_links_hold_keys_that_are_there() -> None:
    (link,) = fields('    int boat_id {\n      table = "boat"\n    }\n')
    assert Plausible(0, {"boat": [41]}).value(link, CONTEXT) == 41


TABLES = {
    "table/boat.xs": "table boat {\n  schema {\n    uuid id\n    text name\n    password code\n  }\n"
    '  index = [\n    {type: "primary", field: [{name: "id"}]}\n'
    '    {type: "btree|unique", field: [{name: "name"}]}\n  ]\n}\n',
    "table/trip.xs": 'table trip {\n  schema {\n    int id\n    uuid boat_id {\n      table = "boat"\n    }\n  }\n'
    '  index = [{type: "primary", field: [{name: "id"}]}]\n}\n',
}


def function(name: str, stack: str, inputs: str = "", response: str = "1") -> dict[str, str]:
    text = f"function {name} {{\n  input {{\n{inputs}  }}\n  stack {{\n{stack}  }}\n  response = {response}\n}}\n"
    return {f"function/{name}.xs": text}


FOUND = """
    db.get trip {
      field_name = "id"
      field_value = $input.trip_id
    } as $trip
    precondition ($trip != null)
"""
FOREVER = """
    var $a { value = 1 }
    while (true) {
      each {
        math.add $a { value = 1 }
      }
    }
"""
ENDS = {
    **function("runs", FOUND, '    int trip_id {\n      table = "trip"\n    }\n'),
    **function("refuses", '    precondition (false) {\n      error = "no"\n    }\n'),
    **function("throws", '    throw {\n      name = "no"\n      value = 1\n    }\n'),
    **function("breaks", "    var $a { value = {} }\n    var $b { value = $a.none.deeper }\n"),
    **function("loops", FOREVER),
    **function("asks", '    api.request {\n      url = "https://example.com"\n      method = "GET"\n    } as $api\n'),
    **function("needs", '    cloud.job {\n      image = "acme/report:1"\n      command = "report"\n    } as $job\n'),
}


def test_tables_are_filled_with_rows_that_fit() -> None:
    rows = function("rows", '    db.query trip {\n      sort = {id: "asc"}\n    } as $l\n', response="$l")
    with xsrun.Workspace.from_sources({**TABLES, **rows}) as workspace, Sandbox(workspace) as sandbox:
        keys = fill_tables(sandbox)
        result = sandbox.run("rows", kind="function")
    assert keys["trip"] == [1, 2, 3]
    assert [row["id"] for row in result.response] == [1, 2, 3]
    assert {row["boat_id"] for row in result.response} <= set(keys["boat"])
    assert len(keys["boat"]) == len(set(keys["boat"])) == 3


def test_how_runs_end() -> None:
    with xsrun.Workspace.from_sources({**TABLES, **ENDS}) as workspace:
        report = workspace.test(kind="smoke")
        found = {one.obj_name: one.status for one in report.results}
    assert found == {
        "runs": "pass",
        "refuses": "pass",
        "throws": "pass",
        "breaks": "fail",
        "loops": "error",
        "asks": "skipped",
        "needs": "skipped",
    }
    messages = {one.obj_name: one.message for one in report.results if one.failed}
    assert messages["breaks"].startswith("Unable to locate var: a.none")


def test_a_workspace_without_tables() -> None:
    with xsrun.Workspace.from_sources(ENDS) as workspace:
        assert [one.status for one in workspace.test("throws", kind="smoke").results] == ["pass"]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There the network is down, and a user's own rows are left alone."""
    for name, text in {**TABLES, **ENDS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    database = f"sqlite:///{tmp_path / 'own.db'}"
    assert main(["test", str(tmp_path), "--smoke", "-k", "asks", "--database", database]) == 0
    shown = capsys.readouterr().out
    assert "Running 1 smoke run..." in shown
    assert "PASS  function asks" in shown
    with xsrun.Workspace.load(tmp_path, database=database) as workspace:
        result = workspace.run("runs", input={"trip_id": 1})
    assert str(result.error) == "Precondition failed."
