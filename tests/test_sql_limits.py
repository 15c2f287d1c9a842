"""SQL stays within the limits of a run, and a program's own SQL within the tables of the workspace."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from databases import BACKENDS, new_database, server

import xsrun
from xsrun.database.postgres_backend import StatementBounds
from xsrun.database.raw_sql import functions
from xsrun.database.sqlite_backend import SQLiteConnection
from xsrun.errors import InternalError, LimitError, XanoScriptError
from xsrun.running.context import Context, Limits, resident_memory
from xsrun.values.like import ANY, like_matcher

#: A moment: long enough for a program to begin, and far less than what is asked of the database takes.
SOON = Limits(seconds=0.05, memory=None)
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {what} FROM c"
TABLE = 'table "item" {\n  auth = false\n  schema {\n    int id\n    text name?\n    json data?\n    int n?\n  }\n}\n'


def direct(sql: str) -> str:
    """A program that runs a text; the statement is on line 1."""
    return f'db.direct_query {{\n  sql = {json.dumps(sql)}\n  response_type = "list"\n}} as $rows\n'


def run(source: str, database: str = "sqlite://", limits: Limits | None = None) -> xsrun.Result:
    with xsrun.Workspace.from_sources({"item.xs": TABLE, "a.xs": source}, database=database, limits=limits) as one:
        return one.run("a")


def refused(source: str, database: str = "sqlite://", limits: Limits | None = None) -> XanoScriptError:
    """The error of a program, which names its line."""
    error = run(source, database, limits).error
    assert error is not None
    assert (error.file, error.line) == ("a.xs", 1)
    assert not isinstance(error, InternalError)
    return error


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest) -> str:
    return new_database(request.param)


# Time, memory, size --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["count(*) AS n", "x"])
def test_an_endless_query_ends(database: str, what: str) -> None:
    error = refused(direct(ENDLESS.format(what=what)), database, SOON)
    assert str(error) == "The run took longer than its time limit of 0.05 s."


def test_an_endless_query_that_writes_is_undone(database: str) -> None:
    source = """db.transaction {
  stack {
    db.add item { data = {name: "a"} }
    db.transaction {
      stack {
        db.direct_query { sql = "INSERT INTO item (name) %s" }
      }
    }
  }
}
"""
    with xsrun.Workspace.from_sources(
        {
            "item.xs": TABLE,
            "a.xs": source % ENDLESS.format(what="'x'"),
            "n.xs": 'db.query item { return = {type: "count"} } as $n',
        },
        database=database,
        limits=Limits(seconds=0.3, memory=None),
    ) as workspace:
        assert workspace.run("n").response == {"n": 0}
        error = workspace.run("a").error
        assert isinstance(error, LimitError)
        assert (error.line, "time limit" in str(error)) == (6, True)
        assert workspace.run("n").response == {"n": 0}


def test_a_join_of_everything_with_everything_ends(database: str) -> None:
    joins = ", ".join(f'{name}: {{table: "item", where: $db.item.n <= $db.{name}.n}}' for name in "abcd")
    source = f'db.query item {{\n  join = {{{joins}}}\n  return = {{type: "count"}}\n}} as $n\n'
    with xsrun.Workspace.from_sources(
        {"item.xs": TABLE, "a.xs": source}, database=database, limits=Limits(seconds=0.3)
    ) as workspace:
        workspace.seed({"item": [{"n": 1} for _ in range(200)]})
        error = workspace.run("a").error
    assert isinstance(error, LimitError)
    assert error.line == 1


def test_rows_are_counted_as_they_come(database: str) -> None:
    error = refused(direct(f"{ENDLESS.format(what='x')} LIMIT 50000000"), database, Limits(seconds=None, size=5_000))
    assert str(error) == "The value would have 6,000 characters or members; the limit is 5,000."
    rows = run(direct(f"{ENDLESS.format(what='x')} LIMIT 3000"), database, Limits(size=3_000)).variables["rows"]
    assert [row["x"] for row in rows] == list(range(1, 3_001))


@pytest.mark.skipif(not resident_memory(), reason="this system does not tell how much memory a process has")
def test_memory_is_looked_at_while_rows_come(database: str) -> None:
    source = direct(f"{ENDLESS.format(what='x')} LIMIT 3000000")
    error = refused(source, database, Limits(seconds=None, size=None, memory=40 << 20))
    assert str(error) == "The run uses more memory than its limit of 40 MB."


@pytest.mark.parametrize(
    "value", ["repeat('ab', 6000)", "lpad('a', 12000)", "generate_series(1, 12000)", "rpad('a', 12000, 'x')"]
)
def test_a_long_value_is_refused_before_it_is_made(value: str) -> None:
    error = refused(direct(f"SELECT {value} AS v"), limits=Limits(size=10_000))
    assert str(error).endswith("the limit is 10,000.")
    assert isinstance(error, LimitError)


def test_sqlite_makes_no_value_beyond_the_limit() -> None:
    error = refused(direct("SELECT hex(zeroblob(20000000)) AS v"), limits=Limits(size=1_000_000))
    assert str(error) == "The statement makes a value of more than 1,000,000 characters, which is the limit."
    assert run(direct("SELECT length(hex(zeroblob(2000000))) AS v")).variables["rows"] == [{"v": 4_000_000}]


def test_waiting_for_another_process_is_no_way_around(tmp_path: Path) -> None:
    file = tmp_path / "data.db"
    add = "db.add item { data = {n: 1} } as $row\n"
    assert run(add, f"sqlite:///{file}").error is None
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    error = refused(add, f"sqlite:///{file}", SOON)
    assert "time limit" in str(error)
    other.close()
    assert run(add, f"sqlite:///{file}").variables["row"]["id"] == 2


def test_waiting_for_another_run_is_no_way_around() -> None:
    with xsrun.Workspace.from_sources({"a.xs": "db.add item { data = {n: 1} } as $row\n"}, limits=SOON) as workspace:
        results: list[xsrun.Result] = []
        thread = threading.Thread(target=lambda: results.append(workspace.run("a")), daemon=True)
        with workspace.database.turn:
            thread.start()
            thread.join(60)
        ((error),) = [one.error for one in results]
        assert isinstance(error, LimitError)


# PostgreSQL ----------------------------------------------------------------------------------------------------------


def test_sleep_ends() -> None:
    url = new_database("postgres")
    assert "time limit" in str(refused(direct("SELECT pg_sleep(1000)"), url, SOON))
    lifted = direct("SELECT set_config('statement_timeout', '0', false)") + direct("SELECT pg_sleep(1000)")
    error = run(lifted, url, Limits(seconds=0.5)).error
    assert isinstance(error, LimitError)
    assert error.line == 5


def test_another_database_has_the_same_time() -> None:
    source = f"""db.external.postgres.direct_query {{
  connection_string = "{server()}"
  sql = "SELECT pg_sleep(1000)"
}} as $rows
"""
    error = refused(source, limits=SOON)
    assert "time limit" in str(error)


class Server:
    """Stands for a connection; notes what it is told."""

    class info:  # noqa: N801 - the name that psycopg has for it
        transaction_status = 0

    def __init__(self, usual: int = 0) -> None:
        self.usual = usual
        self.told: list[str] = []

    def execute(self, text: str) -> Server:
        self.told.append(text)
        return self

    def fetchone(self) -> tuple[str]:
        return (str(self.usual),)

    @property
    def bounds(self) -> list[int]:
        return [int(text.rpartition("= ")[2]) for text in self.told if text.startswith("SET")]


def test_the_server_is_told_seldom_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 0.0
    monkeypatch.setattr("time.monotonic", lambda: moment)
    connection = Server()
    bounds = StatementBounds(connection)  # type: ignore[arg-type]
    context = Context(limits=Limits(seconds=60.0))
    context.start()
    for step in range(6_000):
        moment = step / 100
        bounds.follow(context)
        left = max(60 - moment, 0.1) * 1000
        assert left <= connection.bounds[-1] <= left * 1.1 + 1
    assert len(connection.bounds) < 150
    before = len(connection.bounds)
    bounds.forget()
    bounds.follow(context)
    assert len(connection.bounds) == before + 1
    bounds.follow(None)
    bounds.follow(Context())
    assert (connection.bounds[-1], len(connection.bounds)) == (0, before + 2)


def test_what_the_server_allows_by_itself_is_not_raised() -> None:
    connection = Server(usual=200)
    bounds = StatementBounds(connection)  # type: ignore[arg-type]
    context = Context(limits=Limits(seconds=60.0))
    context.start()
    bounds.follow(context)
    bounds.follow(None)
    assert connection.bounds == [200, 200]


# The fence -----------------------------------------------------------------------------------------------------------

OUTSIDE = [
    *("VACUUM", "VACUUM INTO 'escaped.db'", "vacuum into 'escaped.db'", "/* a */ VACUUM INTO 'escaped.db'"),
    *("ATTACH 'escaped.db' AS other", "ATTACH DATABASE 'escaped.db' AS other", "DETACH main", "-- a\nDETACH main"),
    *("PRAGMA journal_mode = DELETE", "PRAGMA table_info(item)", "PRAGMA writable_schema = ON", "PRAGMA database_list"),
    *("SELECT load_extension('x')", "SELECT LOAD_EXTENSION('x', 'y')", "SELECT * FROM pragma_database_list"),
    *("SELECT * FROM pragma_journal_mode", "CREATE VIRTUAL TABLE t USING fts5(a)"),
    *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "BEGIN IMMEDIATE", "END", "START TRANSACTION"),
    "SELECT 1; VACUUM INTO 'escaped.db'",
]


@pytest.mark.parametrize("sql", OUTSIDE)
@pytest.mark.parametrize("backend", ["memory", "file"])
def test_what_leaves_the_tables_is_refused(
    backend: str, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = new_database(backend)
    error = refused(direct(sql), url)
    assert re.search(
        "is not allowed in a direct query|one statement at a time|cannot be read", str(error) + str(error.hint)
    )
    assert error.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("backend", ["memory", "file"])
def test_what_programs_need_is_allowed(backend: str) -> None:
    statements = [
        "CREATE TABLE made (a INTEGER PRIMARY KEY, b TEXT)",
        "CREATE INDEX made_b ON made (b)",
        "CREATE UNIQUE INDEX made_ba ON made (b DESC, a)",
        "INSERT INTO made (a, b) VALUES (1, 'x'), (2, 'y')",
        "INSERT INTO made (a, b) VALUES (1, 'z') ON CONFLICT (a) DO UPDATE SET b = excluded.b",
        "CREATE VIEW seen AS SELECT a FROM made",
        "UPDATE made SET b = upper(b) WHERE a = 2",
        "DELETE FROM made WHERE a = 2 AND EXISTS (SELECT 1 FROM seen)",
        "INSERT INTO item (name) SELECT b FROM made RETURNING id",
        "ALTER TABLE made ADD COLUMN c INT",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT sum(x) AS s FROM c",
        "SELECT name FROM pragma_table_info('made')",
        "SELECT value FROM json_each('[1, 2]')",
        "SELECT count(*) AS n FROM sqlite_master",
        "DROP VIEW seen",
        "DROP INDEX made_b",
        "DROP TABLE made",
    ]
    source = "db.transaction {\n  stack {\n" + "".join(map(direct, statements)) + "  }\n}\n"
    result = run(source, new_database(backend))
    assert result.error is None


def test_a_text_that_was_prepared_outside_does_not_pass() -> None:
    connection = SQLiteConnection(":memory:")
    for text in ("PRAGMA schema_version", "BEGIN IMMEDIATE", "ROLLBACK"):
        connection.execute(text)
        with pytest.raises(XanoScriptError, match="is not allowed"):
            connection.query(text)
        connection.rollback()
        connection.execute(text) if text != "ROLLBACK" else None
    connection.close()


def test_a_column_is_called_what_the_program_calls_it() -> None:
    assert list(run(direct("SELECT 1 + 1, 'a'")).variables["rows"][0]) == ["1 + 1", "'a'"]


# Functions of values that they do not take ---------------------------------------------------------------------------

ODD = ["NULL", "''", "'a'", "1", "-1", "1.5", "9223372036854775807", "'[1, 2]'", "'2024-01-01'", "'('", "X'00ff'"]


@pytest.mark.parametrize("name", functions.FUNCTIONS)
def test_no_function_is_at_fault(name: str) -> None:
    chance = random.Random(name)
    arity = functions.FUNCTIONS[name][0]
    connection = SQLiteConnection(":memory:")
    context = Context(limits=Limits(size=10_000))
    connection.context = context
    for _ in range(60):
        count = arity if arity >= 0 else chance.randint(1, 4)
        text = f"SELECT {name}({', '.join(chance.choice(ODD) for _ in range(count))})"
        try:
            connection.query(text)
        except XanoScriptError as error:
            assert str(error)
    connection.close()


@pytest.mark.parametrize("pattern", ["(a|aa)+$b", "(a*)*b"])
@pytest.mark.parametrize("use", ["regexp_replace({0}, {1}, 'x')", "regexp_split_to_array({0}, {1})"])
def test_a_regular_expression_that_takes_too_long(use: str, pattern: str) -> None:
    call = use.format("repeat('a', 200)", f"'{pattern}'")
    result = run(direct(f"SELECT {call} AS v"))
    assert result.error is None or "takes too long" in str(result.error)


# LIKE ----------------------------------------------------------------------------------------------------------------


def as_expression(pattern: str) -> re.Pattern[str]:
    """What a LIKE pattern means, as a regular expression; right, and without end for some patterns."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    known = {"%": ".*", "_": "."}
    return re.compile("".join(known.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)


@pytest.mark.parametrize("rounds", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_like_is_what_the_regular_expression_says(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    for number in range(rounds):
        if number == rounds // 2:  # from here on without `re` for short parts, and in small pieces
            monkeypatch.setattr("xsrun.values.like._SHORT", 0)
            monkeypatch.setattr("xsrun.values.like._NEAR", 1)
            monkeypatch.setattr("xsrun.values.like._KNOWN", 1)
        pattern = "".join(
            chance.choice(["a", "b", "%", "_", "\\%", "\\_", "\\\\"]) for _ in range(chance.randint(0, 9))
        )
        text = "".join(chance.choice("aab%_\\\n") for _ in range(chance.randint(0, 14)))
        wanted = as_expression(pattern).fullmatch(text) is not None
        assert like_matcher.__wrapped__(pattern)(text) == wanted, (pattern, text)


@pytest.mark.parametrize(
    "pattern",
    ["%a" * 3_000 + "b", "%a_a" * 1_000 + "%b%", "%" + "a_" * 10_000 + "b%", "%" + "ab_" * 10_000 + "c", "_%" * 20_000],
)
def test_like_goes_through_a_text_once(pattern: str) -> None:
    assert like_matcher(pattern)("a" * 50_000) == (pattern == "_%" * 20_000)


def test_like_in_queries() -> None:
    source = f"""db.query item {{
  where = $db.item.name {{operator}} "{"%a" * 500}b"
  return = {{{{type: "count"}}}}
}} as $n
"""
    for operator in ("like", "ilike", "includes"):
        with xsrun.Workspace.from_sources(
            {"item.xs": TABLE, "a.xs": source.replace("{operator}", operator).replace("{{", "{").replace("}}", "}")}
        ) as workspace:
            workspace.seed({"item": [{"name": "a" * 20_000}, {"name": "a" * 600 + "b"}]})
            assert workspace.run("a").response == {"n": 1}


def test_the_mark_of_any_character_is_in_no_text() -> None:
    """A value may hold any character, NUL too; half of one is refused where texts come in."""
    with pytest.raises(UnicodeEncodeError):
        ANY.encode()
    for pattern, wanted in (("a\0_", [False, True, True]), ("%\0%", [False, True, True]), ("a__", [True] * 3)):
        variables = {"texts": ["axb", "a\0b", "a\0\0"], "pattern": pattern}
        assert xsrun.evaluate("$texts|map:$$ like $pattern", variables) == wanted


# What callers send ---------------------------------------------------------------------------------------------------

ASKING = """function "ask" {
  input {
    json value?
    json where?
    json order?
  }
  stack {
    db.query item {
      additional_where = $input.where
      override_sort = $input.order
      external = {value: $input.value}
      return = {type: "list", paging: {page: 1, per_page: 5}}
    } as $rows
  }
  response = $rows
}
"""
KEYS = [
    *("expression", "statement", "left", "right", "op", "tag", "operand", "group", "type", "or", "ignore_empty"),
    *("sortBy", "orderBy", "search", "sort", "page", "per_page", "perPage", "offset", "filter", "item.id", "name"),
]
OPERATORS = [
    *("=", "!=", "<>", ">", "<=", "like", "not like", "ilike", "includes", "in", "not in", "contains", "overlaps"),
    *("@>", "~", "!~*", "search"),
]
ATOMS: list[Any] = [
    *(None, True, False, 0, -1, 2**63, 10**400, 1.5, 1e308, "", "a", "item.id", "$db.item.data.a", "item.nope", "{"),
    *("[1", '{"expression":', "null", "[]", "asc", "rand", "col", "const", "(", "%\\", "\ud800", "\0", [], {}, [None]),
]


def thing(chance: random.Random, depth: int) -> Any:
    if depth == 0 or chance.random() < 0.25:
        return chance.choice(ATOMS)
    if chance.random() < 0.35:
        return [thing(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    return {chance.choice(KEYS): thing(chance, depth - 1) for _ in range(chance.randint(0, 4))}


def condition(chance: random.Random) -> Any:
    def side() -> Any:
        operand = chance.choice(["item.id", "item.name", "item.data", "item.n", thing(chance, 1)])
        return chance.choice(
            [{"tag": "col", "operand": operand}, {"operand": operand, "ignore_empty": thing(chance, 0)}]
        )

    statement = {"left": side(), "op": chance.choice(OPERATORS), "right": side()}
    return {"expression": [{"statement": statement, "or": chance.choice([0, 1])}]}


def asked(chance: random.Random) -> Any:
    """Something that a caller may send; now and then as the text of JSON, whole or cut off."""
    made = chance.choice(
        [
            lambda: condition(chance),
            lambda: thing(chance, 3),
            lambda: {"search": condition(chance), "sort": thing(chance, 2), "page": thing(chance, 0)},
        ]
    )()
    if chance.random() < 0.7:
        return made
    text = json.dumps(made)
    return text[: chance.randint(0, len(text))] if chance.random() < 0.5 else text


@pytest.mark.parametrize("backend", ["memory", "postgres"])
@pytest.mark.parametrize("rounds", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_whatever_callers_ask_for_is_answered_or_refused(backend: str, rounds: int) -> None:
    chance = random.Random(19)
    with xsrun.Workspace.from_sources(
        {"item.xs": TABLE, "ask.xs": ASKING}, database=new_database(backend)
    ) as workspace:
        workspace.seed({"item": [{"name": "a", "data": {"a": 1}, "n": 1}, {"name": "b"}]})
        kinds = set()
        for _ in range(rounds):
            given = {name: asked(chance) for name in ("value", "where", "order") if chance.random() < 0.5}
            error = workspace.run("ask", input={name: one for name, one in given.items() if one is not None}).error
            assert not isinstance(error, InternalError), given
            kinds.add(type(error).__name__)
    assert kinds >= {"NoneType", "InputError"}


@pytest.mark.parametrize(
    "value", ["{", '{"expression": [', '[{"statement"', "[1", '{"expression": 5}', '{"search": "{"}']
)
def test_json_that_is_cut_off_is_an_error_of_the_program(value: str) -> None:
    for name in ("where", "value"):
        with xsrun.Workspace.from_sources({"item.xs": TABLE, "ask.xs": ASKING}) as workspace:
            result = workspace.run("ask", input={name: value})
        assert not isinstance(result.error, InternalError)
        if name == "where":
            assert result.error is not None
            assert (result.error.line, result.error.code) == (8, "ERROR_CODE_INPUT_ERROR")
