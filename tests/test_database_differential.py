"""SQLite and PostgreSQL answer alike."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from databases import new_database
from differential_data import LOOSE_QUERIES, QUERIES, SEED, TABLES, THINGS

import xsrun
from xsrun.database import postgres_text
from xsrun.database.operators import OPERATORS as DECLARED
from xsrun.database.sqlite_backend import SQLiteConnection

BODIES = [*(("thing", body) for body in QUERIES), *(("loose", body) for body in LOOSE_QUERIES)]


def source(number: int, table: str, body: str) -> str:
    statement = f'db.query "{table}" {{\n {body}\n    }} as $r'
    return f'function "q{number}" {{\n  input {{\n  }}\n  stack {{\n    {statement}\n  }}\n  response = $r\n}}\n'


def workspace(backend: str) -> xsrun.Workspace:
    sources = {f"function/q{n}.xs": source(n, *body) for n, body in enumerate(BODIES)}
    made = xsrun.Workspace.from_sources({**TABLES, **sources}, database=new_database(backend), clock=1_700_000_000_000)
    made.seed(SEED)
    return made


@pytest.fixture(scope="module")
def both() -> Any:
    one, two = workspace("memory"), workspace("postgres")
    yield one, two
    one.close()
    two.close()


def alike(left: Any, right: Any) -> bool:
    """Equal, numbers by value and to the precision that sums in another order have."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(alike(value, right[key]) for key, value in left.items())
    return bool(left == right)


@pytest.mark.parametrize("number", range(len(BODIES)), ids=lambda n: BODIES[n][1].replace("\n", " ")[:100])
def test_same_answer(both: Any, number: int) -> None:
    one, two = (workspace.run(f"q{number}") for workspace in both)
    assert (str(one.error) if one.error else None) == (str(two.error) if two.error else None)
    if not alike(one.response, two.response):
        pytest.fail(f"\nSQLite:     {shortened(one.response)}\nPostgreSQL: {shortened(two.response)}", pytrace=False)


def shortened(response: Any) -> str:
    """An answer in a line: of rows, what `eval` added and the ids."""
    if isinstance(response, list) and response and isinstance(response[0], dict) and "created_at" in response[0]:
        kept = {"id", *(set(response[0]) - {"created_at", *THINGS[0], "checked", "place"})}
        response = [{key: value for key, value in row.items() if key in kept} for row in response]
    return str(response)[:1500]


def test_there_are_enough() -> None:
    assert len(BODIES) >= 200


# Operands of every type against columns of every type ----------------------------------------------------------------

COLUMNS = (
    "name",
    "qty",
    "level",
    "price",
    "active",
    "at",
    "day",
    "meta",
    "meta.a",
    "tags",
    "address.city",
    "place",
    "v",
)
OPERATORS = (
    "==",
    "!=",
    ">",
    "<=",
    "in",
    "not in",
    "like",
    "includes",
    "contains",
    "not contains",
    "overlaps",
    "~",
    "==?",
)
OPERANDS: list[Any] = [
    *(None, True, False, 0, 1, 2, -5, 2.5, 1e300, "", "2", "alpha", "2.25", "x%", "2023-11-14", "now", "true"),
    *([], [1, 2], ["red"], [None], ["1", 2.5, True], {}, {"a": 1}, {"type": "point", "data": {"lng": 1, "lat": 1}}),
]


@pytest.fixture(scope="module")
def matrix() -> Any:
    sources = {}
    for column in COLUMNS:
        for number, operator in enumerate(OPERATORS):
            name = f"{column}_{number}".replace(".", "_")
            body = f'where = $db.thing.{column} {operator} $input.v\n sort = {{id: "asc"}}\n output = ["id"]'
            statement = f'db.query "thing" {{\n {body}\n }} as $r'
            sources[f"function/{name}.xs"] = (
                f'function "{name}" {{\n input {{\n json v?\n }}\n stack {{\n {statement}\n }}\n response = $r\n}}\n'
            )
    made = []
    for backend in ("memory", "postgres"):
        database = new_database(backend)
        made.append(xsrun.Workspace.from_sources({**TABLES, **sources}, database=database, clock=1_700_000_000_000))
        made[-1].seed(SEED)
    yield made
    for one in made:
        one.close()


@pytest.mark.parametrize("column", COLUMNS)
def test_any_operand(matrix: Any, column: str) -> None:
    """Both give the same rows, or both refuse the operand, in the same words."""
    for number, operator in enumerate(OPERATORS):
        for operand in OPERANDS:
            name = f"{column}_{number}".replace(".", "_")
            one, two = (workspace.run(name, input={"v": operand}) for workspace in matrix)
            seen = [str(result.error) if result.error else result.response for result in (one, two)]
            assert seen[0] == seen[1], f"{column} {operator} {operand!r}"
            assert "internal error" not in str(seen[0]), seen


# The short way of `includes` on SQLite --------------------------------------------------------------------------------


def test_the_kelvin_sign_alone_has_a_small_letter_of_ascii() -> None:
    others = (chr(code) for code in range(128, sys.maxunicode + 1))
    assert [one for one in others if postgres_text.lower(one).isascii()] == ["\u212a"]


def test_the_short_way_of_includes_finds_what_the_long_one_does() -> None:
    texts = ["", "Kiosk", "\u212aiosk", "KÄSE käse", "İstanbul", "straße STRASSE", "50%_\\", "a[b]c*?-^", "tab\there"]
    needles = ["", *"kKäÄiß%_\\*?-^\t\u212a", "KIO", "ss", "50%", "[B]"]
    connection = SQLiteConnection(":memory:")
    query = f"SELECT {DECLARED['includes'].sqlite.format('?1', '?2')}"
    for text in [*texts, None]:
        for needle in [*needles, None]:
            ((found,),) = connection.execute(query, {"1": text, "2": needle})
            expected = None if text is None or needle is None else DECLARED["includes"].python(text, needle)
            assert found == expected, (text, needle)
    connection.close()
