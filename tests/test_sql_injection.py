"""Texts that would be SQL if they ever stood in a statement: each is a value, at every place that takes one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun

TABLES = {
    "boat.xs": "table boat {\n  auth = false\n  schema {\n    int id\n    text name?\n    json more?\n"
    "    text[] tags?\n  }\n"
    '  index = [{type: "primary", field: [{name: "id"}]}]\n}\n',
    "secret.xs": "table secret {\n  auth = false\n  schema {\n    int id\n    text word?\n  }\n}\n",
}
ROWS = [
    {"id": 1, "name": "Gull", "more": {"a": "b"}, "tags": ["red"]},
    {"id": 2, "name": "Tern", "more": {"a": "c"}, "tags": ["blue"]},
    {"id": 3, "name": "Skua", "more": {}, "tags": []},
]
WORD = "kept-from-everybody"

#: What a program does with a text that a caller sends, each as the body of a function.
ACTS = {
    "add": "db.add boat {\n  data = {name: $input.it, more: {key: $input.it}, tags: [$input.it]}\n} as $out",
    "edit": 'db.edit boat {\n  field_name = "id"\n  field_value = 3\n  data = {name: $input.it}\n} as $out',
    "patch": 'db.patch boat {\n  field_name = "name"\n  field_value = $input.it\n  data = {name: "x"}\n} as $out',
    "get": 'db.get boat {\n  field_name = "name"\n  field_value = $input.it\n} as $out',
    "has": 'db.has boat {\n  field_name = "name"\n  field_value = $input.it\n} as $out',
    "del": 'db.del boat {\n  field_name = "name"\n  field_value = $input.it\n}\nvar $out { value = null }',
    "field": "db.get boat {\n  field_name = $input.it\n  field_value = 1\n} as $out",
    "where": "db.query boat {\n  where = $db.boat.name == $input.it\n} as $out",
    "in": "db.query boat {\n  where = $db.boat.name in [$input.it, 'other']\n} as $out",
    "includes": "db.query boat {\n  where = $db.boat.name includes $input.it\n} as $out",
    "contains": "db.query boat {\n  where = $db.boat.tags contains $input.it\n} as $out",
    "json": "db.query boat {\n  where = $db.boat.more.a == $input.it\n} as $out",
    "like": "db.query boat {\n  where = $db.boat.name ilike $input.it\n} as $out",
    "eval": "db.query boat {\n  eval = {joined: $db.boat.name|concat:$input.it}\n} as $out",
    "external": "db.query boat {\n  external = {sort: [{sortBy: $input.it, orderBy: $input.it}]}\n} as $out",
    "search": 'db.query boat {\n  external = {expression: [{statement: {left: {tag: "col", operand: $input.it}, '
    'op: "=", right: {operand: $input.it}}}]}\n} as $out',
    "direct": 'db.direct_query {\n  sql = "SELECT id, name FROM boat WHERE name = ?"\n  response_type = "list"\n'
    "  arg = $input.it\n} as $out",
    "bulk": "db.bulk.add boat {\n  allow_id_field = false\n  items = [{name: $input.it}]\n} as $out",
}
#: Beginnings, middles and ends of which an attempt is made.
BEGINNINGS = [
    "",
    "x",
    "'",
    '"',
    "`",
    "\\'",
    "%' ",
    "')",
    "'))",
    "1",
    "0) ",
    "$$",
    "name",
    "\u02bc",
    "]",
    "{}",
    "\0",
    "?",
    ":p0",
    "%s",
]
MIDDLES = [
    " OR 1=1",
    " OR '1'='1",
    " UNION SELECT id, word, word, word FROM secret",
    " UNION ALL SELECT word FROM x1_secret",
    "; DROP TABLE secret; ",
    "; DELETE FROM secret WHERE '1'='1",
    ", (SELECT word FROM secret)",
    "||(SELECT word FROM secret)||",
    " AND (SELECT word FROM secret LIMIT 1) LIKE 'k%'",
    "; UPDATE secret SET word = 'gone'; ",
    "->>'a'",
    "\n/**/OR/**/1=1",
]
ENDS = ["", "--", "-- ", "#", "/*", "'", '"', "')--", ";", "\0", "\\"]


def attempts(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [draw.choice(BEGINNINGS) + draw.choice(MIDDLES) + draw.choice(ENDS) for _ in range(count)]


def function(name: str, body: str) -> str:
    lines = body.replace("\n", "\n    ")
    return f"function {name} {{\n  input {{\n    text it\n  }}\n  stack {{\n    {lines}\n  }}\n  response = $out\n}}\n"


@pytest.fixture(params=BACKENDS)
def workspace(request: pytest.FixtureRequest) -> Iterator[xsrun.Workspace]:
    sources = dict(TABLES)
    for name, body in ACTS.items():
        sources[f"{name}.xs"] = function(name, body)
    sources["words.xs"] = function("words", "db.query secret {\n} as $out")
    sources["boats.xs"] = function("boats", 'db.query boat {\n  sort = {id: "asc"}\n} as $out')
    with xsrun.Workspace.from_sources(sources, database=new_database(request.param)) as made:
        made.seed({"boat": ROWS, "secret": [{"id": 1, "word": WORD}]})
        yield made


def ask(workspace: xsrun.Workspace, act: str, it: str) -> Any:
    """What an act gives; None for a refusal, which must be the program's."""
    result = workspace.run(act, input={"it": it})
    if result.error is not None:
        assert "internal" not in str(result.error).lower(), (act, it)
        assert WORD not in str(result.error.as_dict()) and "syntax error" not in str(result.error), (act, it)
        return None
    return result.response


def holds(row: dict[str, Any], it: str) -> bool:
    """Does a row have the text as one of its values?"""
    more = row.get("more") or {}
    return it in (row.get("name"), more.get("key"), more.get("a"), *(row.get("tags") or ()))


def try_all(workspace: xsrun.Workspace, texts: list[str]) -> None:
    for it in texts:
        for act in ACTS:
            found = ask(workspace, act, it)
            assert WORD not in str(found), (act, it)
            if act == "add" and found is not None:  # what went in comes out
                assert (found["name"], found["more"], found["tags"]) == (it, {"key": it}, [it])
            elif act == "edit" and found is not None:
                assert found["name"] == it
                ask(workspace, "edit", "Skua")
            elif act in ("where", "in", "json", "contains", "direct", "get") and found:
                assert all(holds(row, it) for row in (found if isinstance(found, list) else [found])), (act, it)
        assert [row["word"] for row in ask(workspace, "words", "x")] == [WORD], it
    assert ask(workspace, "boats", "x")[:3] == ROWS


def test_the_acts_do_what_they_say(workspace: xsrun.Workspace) -> None:
    """Without this an act that always fails would withstand everything."""
    for act in ACTS:
        result = workspace.run(
            act, input={"it": {"field": "id", "external": "name", "search": "name"}.get(act, "Gull")}
        )
        assert result.error is None, (act, result.error)


def test_a_text_is_a_value(workspace: xsrun.Workspace) -> None:
    try_all(workspace, attempts(40, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_more_texts_are_values(workspace: xsrun.Workspace, seed: int) -> None:
    try_all(workspace, attempts(700, seed))
