"""`db.direct_query`: PostgreSQL's SQL gives the same on SQLite, translated, as on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from databases import new_database
from differential_data import SEED, TABLES
from test_database_differential import alike

import xsrun
from xsrun.database.raw_sql.placeholders import Marks, pieces, with_arguments

#: Statements that give rows in an order of their own.
SAME = [
    "SELECT id, name FROM thing WHERE qty > 1 ORDER BY id",
    "SELECT * FROM owner ORDER BY id",
    "SELECT o.* FROM owner o WHERE o.extra IS NOT NULL ORDER BY o.id",
    "SELECT count(*) AS n, sum(qty) AS s, avg(price) AS a FROM thing WHERE active",
    "SELECT kind, count(*) AS n FROM thing GROUP BY kind ORDER BY n DESC, kind",
    "SELECT t.name, o.name AS owner FROM thing t JOIN owner o ON o.id = t.owner_id ORDER BY t.id",
    "SELECT t.name, o.name AS owner FROM thing t LEFT JOIN owner o ON o.id = t.owner_id ORDER BY t.id",
    "SELECT name FROM thing WHERE name ILIKE '%ALPHA%' ORDER BY id",
    "SELECT name FROM thing WHERE name LIKE 'a%' ORDER BY id",
    "SELECT name FROM thing WHERE name ~ '^[a-z]' ORDER BY id",
    "SELECT name FROM thing WHERE name ~* '^A' ORDER BY id",
    "SELECT name FROM thing WHERE name !~ 'a' ORDER BY id",
    "SELECT id FROM thing WHERE tags @> '[\"red\"]' ORDER BY id",
    "SELECT id FROM thing WHERE meta ->> 'a' = '1' ORDER BY id",
    "SELECT id, meta -> 'b' ->> 'c' AS c FROM thing ORDER BY id",
    "SELECT id, meta #>> '{b,c}' AS c FROM thing ORDER BY id",
    "SELECT id, meta -> 'b' AS b FROM thing ORDER BY id",
    "SELECT id FROM thing WHERE (meta ->> 'a')::int > 1 AND id < 4 ORDER BY id",
    "SELECT coalesce(note, 'none') AS note FROM thing ORDER BY id",
    "SELECT NULLIF(trim(coalesce(note, '')), '') AS note FROM thing ORDER BY id",
    "SELECT id FROM thing ORDER BY level, id",
    "SELECT id FROM thing ORDER BY level DESC, id LIMIT 3 OFFSET 1",
    "SELECT id FROM thing ORDER BY level NULLS FIRST, id",
    "SELECT lower(name) AS l, upper(name) AS u, length(name) AS n FROM thing ORDER BY id",
    "SELECT left(name, 2) AS l, right(name, 2) AS r, initcap(name) AS i FROM thing ORDER BY id",
    "SELECT substring(name from 2 for 2) AS s, position('a' in name) AS p FROM thing ORDER BY id",
    "SELECT split_part(note, ' ', 2) AS w FROM thing ORDER BY id",
    "SELECT regexp_replace(name, '[aeiou]', '*', 'g') AS x FROM thing ORDER BY id",
    "SELECT regexp_replace(name, '(.)(.)', '\\2\\1') AS x FROM thing ORDER BY id",
    "SELECT (regexp_split_to_array(note, '\\s+'))[1] AS w FROM thing WHERE note <> '' ORDER BY id",
    "SELECT concat(name, '-', note) AS c, concat_ws('/', name, note) AS d FROM thing ORDER BY id",
    "SELECT name || ':' || qty AS c FROM thing ORDER BY id",
    "SELECT lpad(name, 8, '.') AS l, rpad(name, 3) AS r FROM thing ORDER BY id",
    "SELECT greatest(qty, level, 2) AS g FROM thing WHERE level IS NOT NULL ORDER BY id",
    "SELECT CASE WHEN qty > 1 THEN 'many' ELSE 'few' END AS c FROM thing ORDER BY id",
    "SELECT qty / 2 AS d, qty % 2 AS m, price / 2 AS p FROM thing WHERE qty < 100 ORDER BY id",
    "SELECT round(price::numeric, 1) AS r FROM thing WHERE id IN (2, 9) ORDER BY id",
    "SELECT extract(year from to_timestamp(at / 1000)) AS y FROM thing WHERE at IS NOT NULL ORDER BY id",
    "SELECT extract(epoch from date_trunc('day', to_timestamp(at / 1000))) AS d FROM thing WHERE at > 0 ORDER BY id",
    "SELECT to_char(to_timestamp(at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS d FROM thing WHERE at > 0 ORDER BY id",
    "SELECT day::date + interval '1 day' > '2023-11-15' AS later FROM thing WHERE day IS NOT NULL ORDER BY id",
    "SELECT id FROM thing WHERE day::date > '2024-01-01'::date - interval '2 months' ORDER BY id",
    "SELECT json_agg(name ORDER BY name DESC) AS names FROM owner",
    "SELECT json_agg(json_build_object('id', id, 'x', extra) ORDER BY id) AS everything FROM owner",
    "SELECT jsonb_build_object('a', 1, 'b', jsonb_build_array(1, 'x')) AS o",
    "SELECT owner_id, string_agg(name, ', ' ORDER BY id) AS names FROM thing GROUP BY owner_id ORDER BY owner_id",
    "SELECT array_length(regexp_split_to_array('a b c', ' '), 1) AS n",
    "SELECT count(*) FILTER (WHERE active) AS on_, count(*) FILTER (WHERE NOT active) AS off FROM thing",
    "SELECT count(DISTINCT kind) AS n FROM thing",
    "SELECT bool_and(active) AS a FROM thing",
    "SELECT unaccent(name) AS u FROM owner ORDER BY id",
    "SELECT x FROM unnest(ARRAY['a', 'b']) AS x ORDER BY x",
    "SELECT unnest(ARRAY[3, 1, 2]) AS x ORDER BY x",
    "SELECT generate_series(1, 4) AS n ORDER BY n",
    "SELECT t.id, e #>> '{}' AS tag FROM thing t, jsonb_array_elements(t.tags) AS e ORDER BY t.id, tag",
    "WITH big AS (SELECT * FROM thing WHERE qty > 1) SELECT count(*) AS n FROM big",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) AS s FROM n",
    "SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id) AS r FROM thing ORDER BY id",
    "SELECT DISTINCT kind FROM thing ORDER BY kind",
    "SELECT kind FROM thing UNION SELECT 'z' ORDER BY kind",
    "SELECT DISTINCT ON (kind) kind, id FROM thing ORDER BY kind, id DESC",
    "SELECT id FROM thing WHERE id = ANY (ARRAY[1, 3]) ORDER BY id",
    "SELECT id FROM thing WHERE id <> ALL (ARRAY[1, 3]) ORDER BY id",
    "SELECT EXISTS (SELECT 1 FROM thing WHERE qty = 0) AS there",
    "SELECT id FROM thing WHERE (qty, kind) = (2, 'b')",
    "SELECT id FROM thing WHERE name IN (SELECT name FROM thing WHERE qty = 1) ORDER BY id",
    "SELECT max(qty) AS m, min(name) AS n FROM thing WHERE qty < 100",
    "SELECT jsonb_array_length(tags) AS n FROM thing ORDER BY id",
    "SELECT 'it''s ? and %' AS text, '100%' AS percent",
    "SELECT active::text AS t, qty::text AS q, '5'::int AS i, 'true'::boolean AS b FROM thing WHERE id = 1",
    "SELECT md5('a') AS m, reverse('abc') AS r, repeat('ab', 2) AS t, char_length('日本') AS n",
]
#: With arguments; the same.
WITH_ARGUMENTS: list[tuple[str, list[Any]]] = [
    ("SELECT id FROM thing WHERE qty = ? ORDER BY id", [2]),
    ("SELECT id FROM thing WHERE name = ? AND qty > ? ORDER BY id", ["alpha", 0]),
    ("SELECT id FROM thing WHERE name = ?", ["x' OR '1'='1"]),
    ("SELECT id FROM thing WHERE id = ANY (?) ORDER BY id", [[1, 2, 99]]),
    ("SELECT ?::text AS a, '?' AS b", ["it's $1 ? %s"]),
    ("SELECT id FROM thing WHERE active = ? ORDER BY id", [True]),
    ("SELECT id FROM thing WHERE meta @> ?::jsonb ORDER BY id", [{"a": 1}]),
    ("SELECT id AS ?:alias FROM thing WHERE id = ?", ['na"me', 1]),
    ("SELECT id FROM thing WHERE ?:raw ORDER BY id LIMIT ?", ["qty = 2", 2]),
    ("INSERT INTO owner (id, name, age) VALUES (?, ?, ?) RETURNING id, name", [77, "new", 5]),
    ("UPDATE owner SET age = age + ? WHERE id = 1 RETURNING age", [1]),
    ("UPDATE owner SET name = COALESCE(NULLIF(?, ''), name), extra = NULL WHERE id = 3 RETURNING name", [""]),
    ("DELETE FROM owner WHERE id = ? RETURNING name", [4]),
    ("INSERT INTO owner (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name", [2, "Bob"]),
]
CASES = [*((sql, []) for sql in SAME), *WITH_ARGUMENTS]


def source(number: int, sql: str, arguments: list[Any]) -> str:
    given = "\n".join(f"arg = {json.dumps(value)}" for value in arguments)
    text = json.dumps(sql, ensure_ascii=False)
    statement = f"db.direct_query {{\n sql = {text}\n {given}\n }} as $r"
    return f'function "q{number}" {{\n input {{\n }}\n stack {{\n {statement}\n }}\n response = $r\n}}\n'


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[xsrun.Workspace, xsrun.Workspace]]:
    sources = {f"function/q{n}.xs": source(n, *case) for n, case in enumerate(CASES)}
    made = []
    for backend in ("memory", "postgres"):
        made.append(xsrun.Workspace.from_sources({**TABLES, **sources}, database=new_database(backend)))
        made[-1].seed(SEED)
    one, two = made
    yield one, two
    one.close()
    two.close()


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n][0][:90])
def test_same_rows(both: Any, number: int) -> None:
    one, two = (workspace.run(f"q{number}") for workspace in both)
    assert two.error is None, f"PostgreSQL: {two.error}"
    assert one.error is None, f"SQLite: {one.error} {one.error.hint}"
    if not alike(one.response, two.response):
        pytest.fail(f"\nSQLite:     {one.response}\nPostgreSQL: {two.response}", pytrace=False)


ERRORS = [
    ("SELECT 1 WHERE ? = ?", [1], "Invalid parameter count based on format"),
    ("SELECT * FROM x1_99", [], "does not exist"),
    ("SELEC 1", [], "SQL Error"),
    ("SELECT 1; DROP TABLE thing", [], "SQL Error"),
    ("SELECT nope FROM thing", [], "nope"),
    ("SELECT 1 AS ?:alias", [5], "Invalid alias"),
    ("SELECT $1::int AS a", [], "SQL Error"),
]


@pytest.mark.parametrize("backend", ["memory", "postgres"])
@pytest.mark.parametrize(("sql", "arguments", "message"), ERRORS, ids=[sql for sql, _, _ in ERRORS])
def test_errors(backend: str, sql: str, arguments: list[Any], message: str) -> None:
    sources = {**TABLES, "function/q0.xs": source(0, sql, arguments)}
    with xsrun.Workspace.from_sources(sources, database=new_database(backend)) as workspace:
        result = workspace.run("q0")
    assert result.error is not None and message in str(result.error), result.error or result.response


@pytest.mark.parametrize("backend", ["memory", "postgres"])
def test_a_table_by_its_number(backend: str) -> None:
    """Old exports name a table in SQL by the numbers of workspace and table; the file bears the latter."""
    sql = "SELECT x7_146.name, 'x7_146' AS quoted FROM x7_146 JOIN mvpw7_146 AS m ON m.id = x7_146.id"
    sources = {
        "table/146_prospect.xs": "table prospect {\n  schema {\n    int id\n    text name\n  }\n}\n",
        "function/q0.xs": source(0, sql, []),
    }
    with xsrun.Workspace.from_sources(sources, database=new_database(backend)) as workspace:
        workspace.seed({"prospect": [{"name": "Ann"}]})
        result = workspace.run("q0")
    assert result.error is None, f"{result.error}: {result.error.hint}"
    assert result.response == [{"name": "Ann", "quoted": "x7_146"}]


def test_placeholders_in_texts_and_comments_are_none() -> None:
    """The one scanner of SQL: texts, quoted names, dollar quotes and comments are left as they are."""
    marks = Marks(lambda number: f":{number}", lambda name: f"<{name}>", doubled=True)
    sql = """SELECT '?', "a?", $$ ? $$, $t$ $$ ? $t$, 5 % ? -- ?
    /* ? */ FROM ?:alias WHERE ?:raw AND ? = 'it''s ?'"""
    text, parameters = with_arguments(pieces(sql), [1, "t%", "x % 2", 3], marks)
    assert parameters == [1, 3]
    assert (
        text
        == """SELECT '?', "a?", $$ ? $$, $t$ $$ ? $t$, 5 %% :1 -- ?
    /* ? */ FROM <t%> WHERE x %% 2 AND :2 = 'it''s ?'"""
    )


UNDECLARED = {"boat": [{"id": 1, "name": "x", "owner_id": 7, "made_at": 0}, {"id": 2, "name": "y", "owner_id": 8}]}


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT t.owner_id FROM (SELECT owner_id, name FROM boat) t WHERE t.name = 'x'", [{"owner_id": 7}]),
        ("WITH t AS (SELECT b.owner_id FROM boat b) SELECT owner_id FROM t WHERE owner_id > 7", [{"owner_id": 8}]),
        ("SELECT b.id FROM boat b JOIN (SELECT name FROM boat WHERE id = 2) t ON t.name = b.name", [{"id": 2}]),
        ("UPDATE boat SET made_at = now(), name = coalesce(name, 'z') WHERE id = 2 RETURNING name", [{"name": "y"}]),
        ("SELECT id FROM boat WHERE owner_id IN (SELECT owner_id FROM boat WHERE name = 'y')", [{"id": 2}]),
    ],
)
def test_queries_inside_queries_on_undeclared_tables(sql: str, rows: list[dict[str, Any]]) -> None:
    """A column of the inner query keeps its name, and its value is read once."""
    with xsrun.Workspace.from_sources({"a.xs": source(0, sql, [])}) as workspace:
        workspace.seed(UNDECLARED)
        result = workspace.run("q0")
        assert result.error is None, f"{result.error} {result.error.hint}"
        assert result.response == rows
