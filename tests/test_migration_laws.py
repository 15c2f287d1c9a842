"""Laws of migrations: whatever a column was and becomes, the tables are afterwards as if they had been made so, nothing
is left to do, and what the new type can hold is kept."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from databases import new_database

import xsrun
from xsrun.database import migration
from xsrun.database.session import Session
from xsrun.errors import XanoScriptError

#: Types of columns, one of each kind and some that share one, and values of them.
VALUES: dict[str, list[Any]] = {
    "int": [1, -5, 0],
    "decimal": [1.5, -2, 0.25],
    "text": ["5", "x y", '{"a":1}', "true", "null", "100%"],
    "bool": [True, False],
    "timestamp": [1_700_000_000_000],
    "date": ["2024-02-03"],
    "json": [{"a": [1]}, [1, 2], "x", 5, "7"],
    "vector": [[1, 2.5]],
    "geo_point": [{"type": "point", "data": {"lng": 1, "lat": 2}}],
    "int[]": [[1, 2], []],
}
#: What becomes of some values; null stands for what does not fit a column that takes null.
BECOMES: dict[tuple[str, str], list[Any]] = {
    ("int", "text"): ["1", "-5", "0"],
    ("int", "decimal"): [1, -5, 0],
    ("int", "json"): [1, -5, 0],
    ("decimal", "text"): ["1.5", "-2", "0.25"],
    ("text", "int"): [5, None, None, None, None, None],
    ("text", "json"): ["5", "x y", {"a": 1}, "true", "null", "100%"],
    ("text", "bool"): [None, None, None, True, None, None],
    ("bool", "text"): ["true", "false"],
    ("bool", "int"): [1, 0],
    ("bool", "decimal"): [1, 0],
    ("bool", "json"): [True, False],
    ("timestamp", "text"): ["1700000000000"],
    ("timestamp", "int"): [1_700_000_000_000],
    ("timestamp", "date"): ["2023-11-14"],
    ("date", "text"): ["2024-02-03"],
    ("date", "timestamp"): [1_706_918_400_000],
    ("json", "text"): ['{"a":[1]}', "[1,2]", "x", "5", "7"],
    ("json", "int"): [None, None, None, 5, 7],
    ("vector", "json"): [[1, 2.5]],
    ("vector", "text"): ["[1,2.5]"],
    ("geo_point", "json"): [{"type": "point", "data": {"lng": 1, "lat": 2}}],
    ("int[]", "json"): [[1, 2], []],
    ("int[]", "text"): ["[1,2]", "[]"],
}
#: Types that hold all of another one's values, so that they come back as they were.
HOLDS_ALL = [(kind, wide) for wide in ("json", "text") for kind in VALUES if kind not in (wide, "json")]
INDEXES = ["btree", "btree|unique", "gin"]


@pytest.fixture(params=["file", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    return new_database(request.param)


def table(columns: dict[str, str], indexes: list[str], name: str = "item") -> str:
    """A table with a number and columns of these types, each of which takes null, and indexes over each of them."""

    def field(kind: str, column: str) -> str:
        size = " {\n      size = 2\n    }" if kind == "vector" else ""
        return f'    {kind.removesuffix("[]")}{"[]" if kind.endswith("[]") else ""}? "{column}"?{size}'

    fields = "\n".join(field(kind, column) for column, kind in columns.items())
    listed = [
        f'{{type: "{kind}", field: [{{name: "{column}"}}{extra}]}}'
        for column in columns
        for kind in indexes
        for extra in ("", ', {name: "n", op: "desc"}')
    ]
    entries = "\n    ".join(['{type: "primary", field: [{name: "id"}]}', *listed])
    return (
        f'table "{name}" {{\n  auth = false\n  schema {{\n    int id\n    int n?\n{fields}\n  }}\n'
        f"  index = [\n    {entries}\n  ]\n}}\n"
    )


@contextmanager
def opened(source: str, database: str) -> Iterator[Session]:
    with xsrun.Workspace.from_sources({"item.xs": source}, database=database) as workspace:
        session = workspace.context().session
        try:
            yield session
        finally:
            session.close()


def migrated(source: str, database: str) -> list[str]:
    """What a forced migration does; nothing is left."""
    with opened(source, database) as session:
        done, left = migration.migrate(session, force=True)
    assert left == []
    return [change.text for change in done]


def shape(source: str, database: str) -> Any:
    """The columns with their types, and the indexes, of the tables of a database."""
    with opened(source, database) as session:
        tables = session.backend.existing(session.transaction.connect())
        indexes = {name: sorted(session.backend.index_names(session.transaction.execute, name)) for name in tables}
        return {name: sorted(columns) for name, columns in tables.items()}, indexes


def rows(source: str, database: str) -> list[dict[str, Any]]:
    query = 'db.query "item" {\n  sort = {item.id: "asc"}\n  return = {type: "list"}\n} as $rows\n'
    with xsrun.Workspace.from_sources({"item.xs": source, "q.xs": query}, database=database) as workspace:
        result = workspace.run("q")
        assert result.error is None, result.error
        return result.variables["rows"]  # type: ignore[no-any-return]


def made(source: str, database: str, given: list[dict[str, Any]]) -> None:
    assert migrated(source, database) == ["create table item"]
    with xsrun.Workspace.from_sources({"item.xs": source}, database=database) as workspace:
        workspace.seed({"item": given})


def lawful(source: str, database: str) -> None:
    """The laws that hold after every forced migration."""
    migrated(source, database)
    assert migrated(source, database) == []
    fresh = new_database("file" if database.startswith("sqlite") else "postgres")
    migrated(source, fresh)
    assert shape(source, database) == shape(source, fresh)


@pytest.mark.parametrize("before", VALUES)
def test_every_type_becomes_every_other_and_comes_back(database: str, before: str) -> None:
    columns = {f"to {kind}": before for kind in VALUES}
    first, second = table(columns, INDEXES), table({f"to {kind}": kind for kind in VALUES}, INDEXES)
    given = [{"n": number, **dict.fromkeys(columns, value)} for number, value in enumerate(VALUES[before])]
    made(first, database, [*given, {"n": 99}])
    stored = rows(first, database)
    assert [row[f"to {before}"] for row in stored] == [*VALUES[before], None]
    lawful(second, database)
    changed = rows(second, database)
    assert [row["n"] for row in changed] == [row["n"] for row in stored]
    for kind in VALUES:
        found = [row[f"to {kind}"] for row in changed]
        assert found[-1] is None
        if kind == before or (before, kind) in BECOMES:
            assert found == [*(VALUES[before] if kind == before else BECOMES[before, kind]), None], kind
    lawful(first, database)
    back = rows(first, database)
    for kind, wide in HOLDS_ALL:
        if kind == before:
            assert [row[f"to {wide}"] for row in back] == [row[f"to {wide}"] for row in stored], wide


NAMES = [
    *(
        "a%b",
        "%",
        "a%sb",
        "%(a)s",
        "100%%",
        "a b",
        "a:b",
        "Name",
        "naMe2",
        "a.b",
        "a'b",
        "new",
        "value",
        "row",
        "~new2",
    ),
    *("x" * 50, "x" * 49 + "y", "é" * 20, "select", "c1", "order", "a-b", "a?b", "$1"),
]


@pytest.mark.parametrize("pair", [("int", "text"), ("text", "int"), ("int", "decimal"), ("json", "int")])
def test_whatever_a_column_is_called(database: str, pair: tuple[str, str]) -> None:
    before, after = pair
    first, second = (table(dict.fromkeys(NAMES, kind), ["btree|unique"]) for kind in pair)
    start = [str(n) if before == "text" else n for n in range(3)]
    made(first, database, [dict.fromkeys(NAMES, value) for value in start])
    lawful(second, database)
    for name in NAMES:
        assert [row[name] for row in rows(second, database)] == [str(n) if after == "text" else n for n in range(3)], (
            name
        )


@pytest.mark.parametrize("kind", INDEXES)
def test_indexes_come_and_go_with_columns(database: str, kind: str) -> None:
    steps = [
        table({"a": "text", "b": "json", "c": "int"}, [kind]),
        table({"a": "text", "b": "json"}, [kind]),
        table({"a": "json", "b": "text"}, [kind]),
        table({"a": "json"}, []),
        table({"a": "text", "b": "int", "c": "json"}, [kind, "btree"]),
    ]
    for source in [*steps, *reversed(steps)]:
        lawful(source, database)


def test_tables_whose_long_names_begin_alike_have_their_own_indexes(database: str) -> None:
    names = ["a_table_with_a_name_of_more_than_thirty_" + end for end in ("one", "two")]
    sources = {f"{name}.xs": table({"v": "int"}, ["btree|unique"], name) for name in names}
    with xsrun.Workspace.from_sources(sources, database=database) as workspace:
        session = workspace.context().session
        migration.migrate(session)
        counts = [len(session.backend.index_names(session.transaction.execute, name)) for name in names]
        assert migration.migrate(session) == ([], [])
        session.close()
    assert counts[0] == counts[1] > 1


def test_values_that_would_meet_in_a_unique_index_stop_it(database: str) -> None:
    first, second = table({"v": "text"}, ["btree|unique"]), table({"v": "int"}, ["btree|unique"])
    made(first, database, [{"v": "7", "n": 1}, {"v": "07", "n": 1}])
    before = shape(first, database)
    with pytest.raises(XanoScriptError, match="Duplicate record"):
        migrated(second, database)
    assert shape(first, database) == before
    assert [row["v"] for row in rows(first, database)] == ["7", "07"]


def test_what_does_not_fit_becomes_the_default_where_null_is_not_taken(database: str) -> None:
    first = table({"v": "text"}, []).replace("text? ", "text ")
    second = first.replace('text "v"?', 'int "v"?=4')
    made(first, database, [{"v": "7"}, {"v": "x"}])
    lawful(second, database)
    assert [row["v"] for row in rows(second, database)] == [7, 4]


def test_tables_that_writes_made_keep_their_values_when_they_are_declared(database: str) -> None:
    add = 'db.add item { data = {n: 1, a: 5, b: "x", c: {d: [1]}} }\n'
    with xsrun.Workspace.from_sources({"a.xs": add}, database=database) as workspace:
        assert workspace.run("a").error is None
    source = table({"a": "int", "b": "text", "c": "json"}, ["btree"])
    lawful(source, database)
    assert [{name: row[name] for name in "nabc"} for row in rows(source, database)] == [
        {"n": 1, "a": 5, "b": "x", "c": {"d": [1]}}
    ]


def test_a_new_column_has_its_default_in_rows_that_were_there(database: str) -> None:
    bare = 'table "item" {\n  auth = false\n  schema {\n    int id\n  }\n}\n'
    made(bare, database, [{}, {}])
    for name in NAMES:
        larger = bare.replace("int id", f'int id\n    text "{name}"?="100%"')
        lawful(larger, database)
        assert rows(larger, database) == [{"id": 1, name: "100%"}, {"id": 2, name: "100%"}]


# A killed process ----------------------------------------------------------------------------------------------------

MIGRATION = """
import sys, xsrun
from xsrun.database import migration
with xsrun.Workspace.from_sources({"item.xs": sys.argv[1]}, database=sys.argv[2]) as workspace:
    session = workspace.context().session
    session.transaction.connect()
    print("begun", flush=True)
    migration.migrate(session, force=True)
    session.close()
"""


@pytest.mark.slow
def test_kill_while_migrating_loses_nothing(database: str) -> None:
    steps = [table({"a": kind, "b": "int"}, ["btree|unique"]) for kind in ("int", "text", "json", "decimal")]
    made(steps[0], database, [{"a": number, "b": number} for number in range(2_000)])
    chance = random.Random(3)
    current = 0
    for _ in range(24):
        following = (current + 1) % len(steps)
        process = subprocess.Popen(
            [sys.executable, "-c", MIGRATION, steps[following], database], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0, 0.6))
        process.kill()
        process.wait()
        process.stdout.close()
        with opened(steps[following], database) as session:
            left = migration.changes(session)
        if left:  # it was killed before its end: all is as before
            with opened(steps[current], database) as session:
                assert migration.changes(session) == []
        lawful(steps[following], database)
        current = following
        found = rows(steps[current], database)
        texts = steps[current] in steps[1:3]  # what was a text stays one in JSON
        assert [row["a"] for row in found] == [str(n) if texts else n for n in range(2_000)]
        assert [row["b"] for row in found] == list(range(2_000))
