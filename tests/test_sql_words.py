"""A program's own SQL: how long it takes to look at, what it may not be, and what it leaves to the next run."""

from __future__ import annotations

import json

import pytest
from databases import new_database, server

import xsrun
from xsrun.database.raw_sql.placeholders import pieces
from xsrun.database.raw_sql.words import word_of
from xsrun.errors import InternalError

TABLE = 'table "item" {\n  auth = false\n  schema {\n    int id\n    int n?\n  }\n}\n'
COUNT = 'db.query item { return = {type: "count"} } as $count\n'


def direct(sql: str) -> str:
    return f"db.direct_query {{\n  sql = {json.dumps(sql)}\n}} as $rows\n"


def results(sources: dict[str, str], backend: str, *called: str) -> list[xsrun.Result]:
    with xsrun.Workspace.from_sources({"item.xs": TABLE, **sources}, database=new_database(backend)) as workspace:
        return [workspace.run(name) for name in called]


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select 1", "SELECT"),
        (" \n-- a\n/* b */ /* c /* d */ e */Commit", "COMMIT"),
        ("(select 1)", ""),
        ("/* never closed", ""),
        ("/**/" * 100_000 + ";", ""),
        ("-- a\n" * 100_000 + ";", ""),
        ("/*" * 100_000, ""),
    ],
)
def test_what_a_statement_begins_with(sql: str, word: str) -> None:
    assert word_of(sql) == word


@pytest.mark.parametrize("part", ["/*", "$a$ $b$", "'", '"', "E'", "--", "$", "?", "$a1$"])
def test_placeholders_of_a_long_text_are_found_at_once(part: str) -> None:
    whole = part * 100_001
    assert "".join(piece.text for piece in pieces(whole)) == whole
    numbered = " ".join(f"$a{number}$" for number in range(20_000))
    assert [piece.placeholder for piece in pieces(numbered + "?")] == [""]


def test_placeholders_beside_texts() -> None:
    for text in ("'it''s ?'", r"E'it\'s ?'", '"a""?"', "$$ ? $$", "$a$ ? $$ $a$", "/* ? */", "-- ?\n", "a$b$c"):
        assert [piece.placeholder for piece in pieces(f"SELECT {text}, ?")] == ["", "?", ""], text


@pytest.mark.parametrize("backend", ["memory", "postgres"])
@pytest.mark.parametrize(
    "sql", ["BEGIN", "/* /* */ */ COMMIT", "rollback", "END", "ABORT", "SAVEPOINT a", "START TRANSACTION"]
)
def test_no_statement_ends_the_transaction_of_a_run(backend: str, sql: str) -> None:
    """On PostgreSQL a `BEGIN` lost all that the run wrote after it, and a `COMMIT` kept what should be undone."""
    stack = f"db.add item {{ data = {{n: 1}} }}\n{direct(sql)}"
    source = f"db.transaction {{\n  stack {{\n{stack}  }}\n}}\n"
    changed, count = results({"a.xs": source, "n.xs": COUNT}, backend, "a", "n")
    assert changed.error is not None
    assert changed.error.line == 4
    assert "not allowed in a direct query" in str(changed.error) or "one statement" in str(changed.error)
    assert count.response == {"count": 0}


@pytest.mark.parametrize(
    "sql",
    [
        "SET search_path = pg_catalog",
        "SELECT set_config('search_path', 'pg_catalog', false)",
        "SET default_transaction_read_only = on",
        "SET TIME ZONE 'Asia/Tokyo'",
        "CREATE TEMP TABLE item AS SELECT 1 AS id, 2 AS n",
        "SELECT pg_advisory_lock(5)",
        "PREPARE kept AS SELECT 1",
        "DO $$ BEGIN PERFORM set_config('search_path', 'pg_catalog', false); END $$",
    ],
)
def test_what_a_statement_sets_ends_with_its_run(sql: str) -> None:
    server()
    left = direct(
        "SELECT current_setting('TimeZone') AS zone, current_setting('default_transaction_read_only') AS ro, "
        "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks, "
        "(SELECT count(*) FROM pg_prepared_statements WHERE name = 'kept') AS kept"
    )
    sources = {"a.xs": direct(sql), "n.xs": COUNT, "left.xs": left}
    before, during, count, after = results(sources, "postgres", "left", "a", "n", "left")
    assert during.error is None
    assert count.response == {"count": 0}
    assert after.response == before.response


@pytest.mark.parametrize("backend", ["memory", "postgres"])
def test_a_number_of_any_size(backend: str) -> None:
    (found,) = results({"a.xs": direct("SELECT 10::numeric ^ 400 AS n")}, backend, "a")
    assert found.variables["rows"] == [{"n": float("inf")}]


def test_queries_that_double_one_another_are_refused_before_sqlite_writes_them_out() -> None:
    doubled = ", ".join(f"a{n} AS (SELECT l.x FROM a{n - 1} l, a{n - 1} r)" for n in range(1, 40))
    (found,) = results({"a.xs": direct(f"WITH a0 AS (SELECT 1 AS x), {doubled} SELECT x FROM a39")}, "memory", "a")
    assert str(found.error) == "SQL Error: the statement stands for more than 10,000 tables"
    shared = direct(
        "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a WHERE x < 3) SELECT sum(x) AS n FROM a"
    )
    chain = ", ".join(f"a{n} AS (SELECT x FROM a{n - 1})" for n in range(1, 2_500))
    long = direct(f"WITH a0 AS (SELECT 6 AS n), {chain.replace(' x ', ' n ')} SELECT n FROM a2499")
    for source in (shared, long):
        (found,) = results({"a.xs": source}, "memory", "a")
        assert found.variables["rows"] == [{"n": 6}]


def test_a_setting_that_is_endless_when_written_out() -> None:
    endless = "var $v { value = [1] }\nfor (40) { each as $i { var.update $v { value = [$v, $v] } } }\n"
    for use in ("db.schema item { path = $v } as $x", "db.transaction { isolation = $v\n stack { } }"):
        (found,) = results({"a.xs": f"{endless}{use}\nvar.update $v {{ value = 1 }}\n"}, "postgres", "a")
        assert not isinstance(found.error, InternalError)
