"""`--fill`: what is made up for programs that lack something, from types, names, filters and uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import xsrun

import xsrun as api
from xsrun.testing.filling import Filler, Filling
from xsrun.testing.shapes import ShapeReader, declared_of


def filled(text: str, seed: int = 0, **given: dict[str, object]) -> Filling:
    """What is made up for the one program of a text."""
    workspace = api.Workspace.from_sources({"a.xs": text})
    construct = workspace.find(None)
    return Filler([construct], workspace.columns_of, workspace.context(), Filling(**given), seed=seed).fill()  # type: ignore[arg-type]


DECLARED = """function f {
  input {
    int page filters=min:3|max:4
    email address
    enum color {
      values = ["red", "blue"]
    }
    text code filters=startsWith:ab|min:6
    object boat {
      schema {
        text name
        decimal[] weights
      }
    }
    file photo
    text note?
  }
  stack {
  }
  response = $input
}
"""


def test_declared_inputs_go_by_type_name_and_filters() -> None:
    made = filled(DECLARED).inputs
    assert made["page"] in (3, 4)
    assert made["address"].endswith("@example.com")
    assert made["color"] in ("red", "blue")
    assert made["code"].startswith("ab")
    assert len(made["code"]) >= 6
    assert isinstance(made["boat"]["name"], str)
    assert all(isinstance(one, float) for one in made["boat"]["weights"])
    assert "note" not in made
    result = api.Workspace.from_sources({"a.xs": DECLARED}).run(input=made)
    assert result.error is None


def test_the_seed_fixes_what_is_made_up() -> None:
    assert filled(DECLARED, 1) == filled(DECLARED, 1) != filled(DECLARED, 2)


@pytest.mark.parametrize(
    ("text", "kind", "is_list"),
    [
        ("var $r { value = $x|to_upper }", "text", False),
        ("var $r { value = $x + 1 }", "int", False),
        ("var $r { value = $x|count }", None, True),
        ("conditional {\n  if ($x) {\n  }\n}", "bool", False),
        ("foreach ($x) {\n  each as $one {\n    var $r { value = $one.name|trim }\n  }\n}", "object", True),
        ("var $r { value = $x.address.city }", "object", False),
        ('var $r { value = $x == "open" }', "text", False),
        ("var $y { value = $x }\nvar $r { value = $y.name }", "object", False),
        ("var $r { value = $x|filter:$$.active }", "object", True),
    ],
)
def test_what_nobody_declares_goes_by_its_uses(text: str, kind: str | None, is_list: bool) -> None:
    shape = ShapeReader(api.parse(text).items).shapes["x"]
    made = declared_of("x", shape)
    assert (made.list_size is not None) == is_list
    assert kind in (None, made.type)
    assert api.Workspace.from_sources({"a.xs": text}).run(variables=filled(text).variables).error is None


def test_names_tell_what_uses_do_not() -> None:
    made = filled("var $r { value = [$email, $user_id, $is_admin, $items, $nums, $created_at] }").variables
    assert "@" in made["email"]
    assert isinstance(made["user_id"], int)
    assert isinstance(made["is_admin"], bool)
    assert set(made["items"][0]) == {"id", "name", "value"}
    assert all(isinstance(one, int) for one in made["nums"])
    assert made["created_at"] > 1_700_000_000_000


def test_a_text_that_a_mail_is_sent_to_is_an_address() -> None:
    program = "function f { input {\n text to\n text reply_to\n text note\n}\n stack {\n}\n response = $input\n}"
    made = filled(program).inputs
    assert "@" in made["to"] and "@" in made["reply_to"] and "@" not in made["note"]


def test_rows_are_those_that_the_program_looks_for() -> None:
    text = (
        'db.get user {\n  field_name = "email"\n  field_value = $input.email\n} as $user\n'
        "precondition ($user != null)\nvar $name { value = $user.name|to_upper }\n"
    )
    made = filled(text)
    assert made.rows["user"][0]["email"] == made.inputs["email"]
    assert isinstance(made.rows["user"][0]["name"], str)
    workspace = api.Workspace.from_sources({"a.xs": text})
    workspace.seed(made.rows)
    assert workspace.run(input=made.inputs).error is None


def test_a_caller_is_made_up_where_one_is_needed() -> None:
    assert filled("var $x { value = $auth.id }").auth == {"table": "user", "id": 1, "extras": {}}
    assert filled("var $x { value = 1 }") == Filling()


def test_what_is_given_stays() -> None:
    made = filled("var $r { value = $a ~ $input.b }", variables={"a": "given"}, inputs={"b": "too"})
    assert (made.variables, made.inputs) == ({"a": "given"}, {"b": "too"})


def test_run_shows_what_it_made_up_as_options_that_give_it(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text(DECLARED.replace("    file photo\n", ""), encoding="utf-8")
    done = xsrun("run", "a.xs", "--fill", "-i", "page=3", folder=tmp_path)
    lines = done.stderr.splitlines()
    assert all(line.startswith("made up: --input ") for line in lines)
    assert not [line for line in lines if "page" in line]
    import shlex

    words = [word for line in lines for word in shlex.split(line.removeprefix("made up: "))]
    assert xsrun("run", "a.xs", "-i", "page=3", *words, folder=tmp_path).stdout == done.stdout != ""


def test_another_kind_of_value_is_tried_when_a_program_takes_none_of_the_first() -> None:
    for text in ("var $r { value = $q|round }\n", "array.push $pile {\n  value = 1\n}\n", "$thing + 1\n"):
        done = xsrun("run", text, "--fill")
        assert (done.returncode, "made up: --var " in done.stderr) == (0, True), done.stderr
    assert xsrun("eval", "$n * 2", "--fill").returncode == 0


def test_a_page_with_made_up_values(tmp_path: Path) -> None:
    page = (
        '```xs\nvar $b { value = $key|to_upper }\n// Returns: "THEIRS"\n```\n\n'
        '```xs\nvar $n { value = $count + 1 }\nprecondition ($n < 0) { error = "no" }\n```\n\n'
        "```xs\nvar $c { value = 1|no_such_filter }\n```\n"
    )
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    plain = json.loads(xsrun("doctest", "page.md", "--json", folder=tmp_path).stdout)["blocks"]
    done = json.loads(xsrun("doctest", "page.md", "--json", "--fill", folder=tmp_path).stdout)["blocks"]
    assert [one["status"] for one in plain] == ["needs_input", "needs_input", "failed"]
    assert [one["status"] for one in done] == ["ran", "ran", "failed"]
    assert "made up: --var key=" in done[0]["message"]
    assert "raises no" in done[1]["message"]


SQL = """db.direct_query {
  sql = "WITH t AS (SELECT o.user_id, SUM(o.total) AS total FROM orders o WHERE o.state = 'paid' GROUP BY o.user_id) SELECT u.name, t.total FROM users u JOIN t ON t.user_id = u.id WHERE u.active = true ORDER BY total LIMIT ?"
  arg = [$input.limit]
} as $best
db.direct_query {
  sql = "UPDATE stock SET qty = qty - 1 WHERE sku = 'a7' RETURNING sku"
} as $sold
db.direct_query {
  sql = "INSERT INTO logs (message, level) VALUES ('a', 3) RETURNING id"
} as $logged
"""  # noqa: E501


def test_tables_and_columns_that_sql_names() -> None:
    made = filled(SQL)
    columns = {table: [*rows[0]] for table, rows in made.rows.items()}
    assert {name: set(of) for name, of in columns.items()} == {
        "users": {"id", "name", "active"},
        "orders": {"id", "user_id", "total", "state"},
        "stock": {"id", "qty", "sku"},
        "logs": {"id", "message", "level"},
    }
    assert (made.rows["orders"][0]["state"], made.rows["stock"][0]["sku"]) == ("paid", "a7")
    assert filled(SQL) == made
    workspace = api.Workspace.from_sources({"a.xs": SQL})
    workspace.seed(made.rows)
    response = workspace.run(input={"limit": 5}).response
    assert response["best"] == [{"name": made.rows["users"][0]["name"], "total": made.rows["orders"][0]["total"]}]
    assert (response["sold"], response["logged"]) == ([{"sku": "a7"}], [{"id": 3}])


@pytest.mark.parametrize("sql", ['"SELEC 1 FROM"', "$input.sql", '""', '"SELECT 1"'])
def test_sql_that_names_no_table(sql: str) -> None:
    assert filled(f"db.direct_query {{\n  sql = {sql}\n}} as $r\n").rows == {}
