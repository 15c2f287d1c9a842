"""`return = {type: "stream"}`: rows that are fetched as they are consumed, and are those that were there before."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun
from xsrun.database.connection import PIECE
from xsrun.database.row_streams import OpenRows, QueryStream, ReadyRows
from xsrun.errors import XanoScriptError
from xsrun.running.trace import Trace

ROWS = 3 * PIECE + 10
TABLE = "table t {\n  schema {\n    int id\n    int n?\n    text name?\n  }\n}\n"
QUERY = """db.query t {
      sort = {id: "asc"}
      return = {type: "stream"}
    } as $rows"""


def workspace(backend: str, stack: str, response: str, rows: int = ROWS) -> xsrun.Workspace:
    text = f"function f {{\n  input {{\n  }}\n  stack {{\n    {stack}\n  }}\n  response = {response}\n}}\n"
    made = xsrun.Workspace.from_sources({"t.xs": TABLE, "f.xs": text}, database=new_database(backend))
    made.seed({"t": [{"n": n} for n in range(rows)]})
    return made


def answer(made: xsrun.Workspace) -> Any:
    with made:
        result = made.run("f")
        assert result.error is None, f"{result.error} {result.error.line}"
        return list(result.response) if isinstance(result.response, QueryStream) else result.response


LOOP = "var $seen { value = 0 }\n    foreach ($rows) {\n      each as $row {\n        BODY\n      }\n    }"


def sometimes(value: str, when: str, body: str) -> str:
    """The body of a loop that adds up, and does something for some rows."""
    return f"math.add $seen {{ value = {value} }}\n conditional {{\n if ({when}) {{\n {body}\n }}\n }}"


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were waiting, each time that some were taken."""
    found: list[int] = []
    take = OpenRows.take

    def noted(self: OpenRows) -> Any:
        rows = take(self)
        found.append(len(rows))
        return rows

    monkeypatch.setattr(OpenRows, "take", noted)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_over_a_stream_holds_a_piece_at_a_time(backend: str, most: list[int]) -> None:
    made = workspace(backend, f"{QUERY}\n    {LOOP.replace('BODY', 'math.add $seen { value = $row.n }')}", "$seen")
    assert answer(made) == ROWS * (ROWS - 1) // 2
    assert most == [PIECE, PIECE, PIECE, 10, 0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "write",
    [
        'db.edit t { field_name = "id", field_value = $row.id + 1, data = {n: 0} } as $e',
        "db.add t { data = {n: 1000000} } as $e",
        "db.bulk.delete t { where = $db.t.id == $row.id + 1 } as $e",
        'db.direct_query { sql = "DELETE FROM t WHERE id > 1" } as $e',
        "db.transaction {\n          stack {\n            db.add t { data = {n: 7} } as $e\n          }\n        }",
        "try_catch {\n try {\n db.transaction {\n stack {\n db.add t { data = {n: 7} } as $e\n"
        'throw { name = "x", value = "y" }\n }\n }\n }\n catch {\n }\n }',
    ],
)
def test_a_loop_does_not_see_what_it_writes(backend: str, write: str) -> None:
    body = sometimes("$row.n", "$row.n % 1500 == 3", write)
    made = workspace(backend, f"{QUERY}\n    {LOOP.replace('BODY', body)}", "$seen")
    assert answer(made) == ROWS * (ROWS - 1) // 2


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "write",
    [
        'db.del t { field_name = "id", field_value = 2 }',
        "db.bulk.delete t",
        "db.bulk.add t { items = [{n: 8}, {n: 9}] } as $e",
        'db.direct_query { sql = "DELETE FROM t" } as $e',
        "db.transaction {\n stack {\n db.bulk.delete t\n }\n }",
    ],
)
@pytest.mark.parametrize("look", ["", "LOOP", "EARLY", "LOOP\n LOOP"])
def test_a_second_look_does_not_see_what_was_written(backend: str, write: str, look: str) -> None:
    loop = "foreach ($rows) {\n each as $row {\n math.add $seen { value = 1 }\nEND\n }\n }"
    looks = look.replace("LOOP", loop.replace("END", "")).replace("EARLY", loop.replace("END", "break"))
    stack = f"{QUERY}\n var $seen {{ value = 0 }}\n {looks}\n {write}\n {loop.replace('END', '')}"
    made = workspace(backend, f"{stack}\n db.bulk.delete t", "[$seen, $rows|count]", rows=5)
    assert answer(made) == [{"": 0, "LOOP": 5, "EARLY": 1}.get(look, 10) + 5, 5]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("inside", [True, False])
def test_a_stream_is_a_list_where_one_is_wanted(backend: str, inside: bool) -> None:
    stack = f"{QUERY}\n    var $twice {{ value = [($rows|count), ($rows|count)] }}"
    if inside:
        stack = f"db.transaction {{\n      stack {{\n        {stack}\n      }}\n    }}"
    assert answer(workspace(backend, stack, "$twice")) == [ROWS, ROWS]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stream_that_a_run_leaves_unread_is_there_afterwards(backend: str) -> None:
    made = workspace(backend, QUERY, "$rows")
    with made:
        result = made.run("f")
        assert made.run("f").error is None, "another run may use the connection"
    rows = list(result.response)
    assert [row["n"] for row in rows] == list(range(ROWS))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_that_ends_early(backend: str) -> None:
    stack = f"{QUERY}\n    {LOOP.replace('BODY', 'var.update $seen { value = $row.n }' + chr(10) + '        break')}"
    with workspace(backend, stack, "$seen") as made:
        assert [made.run("f").response for _ in range(70)] == [0] * 70


@pytest.mark.parametrize("backend", BACKENDS)
def test_streams_of_runs_at_the_same_time(backend: str) -> None:
    write = "db.add t { data = {n: 0} } as $e"
    body = sometimes("1", "$row.n == 1200", write)
    with workspace(backend, f"{QUERY}\n    {LOOP.replace('BODY', body)}", "$seen") as made:
        found: list[Any] = []
        threads = [threading.Thread(target=lambda: found.append(made.run("f"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [one.error for one in found if one.error] == []
    assert all(ROWS <= one.response <= ROWS + 4 for one in found)


def test_what_goes_wrong_later_is_told_to_whoever_consumes_the_rows() -> None:
    pieces: list[Any] = [[(1,)] * PIECE, [(2,)] * PIECE, XanoScriptError("SQL Error: gone")]

    def fetch(_count: int) -> list[Any]:
        piece = pieces.pop(0)
        if isinstance(piece, XanoScriptError):
            raise piece
        return list(piece)

    rows = OpenRows(nullcontext, fetch)
    rows.settle()
    assert pieces == []
    assert rows.waiting == len(rows.take()) == 2 * PIECE
    for _ in range(2):
        with pytest.raises(XanoScriptError, match="gone"):
            rows.take()


def test_a_stream_is_in_the_trace() -> None:
    with workspace("memory", QUERY, "$rows", 5) as made:
        context = made.context()
        context.trace = Trace()
        session = made.open_session(context)
        rows = session.transaction.open_rows("SELECT n FROM t", [])
        assert [(event.kind, event.rows) for event in context.trace.events] == [("sql", 5)]
        assert len(rows.take()) == 5
        session.close()


def test_what_looked_at_a_stream_as_a_list_sees_the_same_again() -> None:
    given = [[(1,), (2,)], [(3,)]]
    stream = QueryStream(lambda: ReadyRows(given.pop(0)), list)
    assert list(stream) == [(1,), (2,)]
    assert stream.as_value() == [(3,)]
    assert list(stream) == stream.as_value() == [(3,)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("stream", [False, True])
def test_what_others_write_is_seen_while_a_stream_is_open(backend: str, stream: bool) -> None:
    with workspace(backend, "db.add t { data = {n: 1} } as $e", "1") as made:
        session = made.open_session(made.context())
        transaction = session.transaction
        rows = transaction.open_rows("SELECT n FROM t", [])
        assert made.run("f").error is None
        ask = "SELECT count(*) FROM t"
        assert (transaction.open_rows(ask, []).take() if stream else transaction.execute(ask)) == [(ROWS + 1,)]
        taken = 0
        while piece := rows.take():
            taken += len(piece)
        assert taken == ROWS
        session.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("look", ["", "foreach ($rows) {\n each as $row {\n }\n }"])
def test_a_second_look_sees_what_was_undone(backend: str, look: str) -> None:
    inside = f'db.add t {{ data = {{n: 1}} }} as $e\n {QUERY}\n {look}\n throw {{ name = "x", value = "y" }}'
    stack = f"try_catch {{\n try {{\n db.transaction {{\n stack {{\n {inside}\n }}\n }}\n }}\n catch {{\n }}\n }}"
    loop = "foreach ($rows) {\n each as $row {\n math.add $seen { value = 1 }\n }\n }"
    made = workspace(backend, f"{stack}\n var $seen {{ value = 0 }}\n {loop}\n {loop}", "$seen", rows=3)
    assert answer(made) == 8


def test_what_cannot_be_kept_is_told_at_the_next_look() -> None:
    given: list[Any] = [ReadyRows([(1,)])]

    def ask() -> ReadyRows:
        if not given:
            raise XanoScriptError("SQL Error: gone")
        return given.pop()

    stream = QueryStream(ask, list)
    assert list(stream) == [(1,)]
    stream.keep()
    for _ in range(2):
        with pytest.raises(XanoScriptError, match="gone"):
            list(stream)
