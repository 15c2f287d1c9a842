"""A condition gives the rows for which Python finds it true: random conditions over random rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from databases import new_database
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun.database import open_session
from xsrun.database.isolation import throw_away
from xsrun.database.seeding import seed

TABLE = """table "row" {
  auth = false
  schema {
    int id
    int n?
    int? m?
    text t?
    text? u?
    decimal? d?
    bool? b?
    text[] tags?
    json j?
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
  ]
}
"""
Truth = bool | None
Row = dict[str, Any]
#: The text of a condition, and what it is for a row: true, false or (null in it) unknown.
Condition = tuple[str, Callable[[Row], Truth]]

WORDS = [
    "",
    "a",
    "A",
    "b",
    "ab",
    "Ab",
    "é",
    "É",
    "ß",
    "10",
    "9",
    "%",
    "_",
    "a%b",
    "日本",
    "it's",
    'q"q',
    "\\",
    "ſ",
    "İ",
]
texts = st.sampled_from(WORDS)
numbers = st.sampled_from([-2, -1, 0, 1, 2, 3, 10, 2**53 + 1, -(2**63), 2**63 - 1])
decimals = st.sampled_from([-1.5, 0.0, 0.1, 0.5, 1.0, 2.25, 10.0, 99999.5])
documents = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 2.5, "a", "1", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l"]), inner, max_size=2),
    max_leaves=4,
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "n": numbers,
            "m": st.none() | numbers,
            "t": texts,
            "u": st.none() | texts,
            "d": st.none() | decimals,
            "b": st.none() | st.booleans(),
            "tags": st.lists(texts, max_size=3),
            "j": documents,
        }
    ),
    min_size=1,
    max_size=6,
)


# Three-valued logic --------------------------------------------------------------------------------------------------


def both(left: Truth, right: Truth) -> Truth:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Truth, right: Truth) -> Truth:
    return negated(both(negated(left), negated(right)))


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def compared(sign: str, left: Any, right: Any) -> Truth:
    if left is None or right is None:
        return None
    results = {"==": left == right, "!=": left != right}
    if sign in results:
        return bool(results[sign])
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])


def lowered(text: str) -> str:
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


def like(text: str | None, pattern: str) -> Truth:
    if text is None:
        return None
    parts, escaped = [], False
    for character in pattern:
        if escaped or character not in "%_\\":
            parts.append(re.escape(character))
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append(".*" if character == "%" else ".")
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def literal(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value)


# Conditions ----------------------------------------------------------------------------------------------------------

SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


@st.composite
def comparisons(draw: Any) -> Condition:
    column, values = draw(
        st.sampled_from([("n", numbers), ("m", numbers), ("t", texts), ("u", texts), ("d", decimals)])
    )
    sign, value = draw(SIGNS), draw(values)
    return f"$db.row.{column} {sign} {literal(value)}", lambda row: compared(sign, row[column], value)


@st.composite
def column_comparisons(draw: Any) -> Condition:
    one, two = draw(st.sampled_from([("n", "m"), ("t", "u"), ("n", "d"), ("m", "n")]))
    sign = draw(SIGNS)
    return f"$db.row.{one} {sign} $db.row.{two}", lambda row: compared(sign, row[one], row[two])


@st.composite
def null_tests(draw: Any) -> Condition:
    column = draw(st.sampled_from(["m", "u", "d", "b", "n", "j"]))
    if draw(st.booleans()):
        return f"$db.row.{column} == null", lambda row: row[column] is None
    return f"$db.row.{column} != null", lambda row: row[column] is not None


@st.composite
def memberships(draw: Any) -> Condition:
    column, values = draw(st.sampled_from([("n", numbers), ("m", numbers), ("u", texts)]))
    members = draw(st.lists(values, max_size=4))
    word = draw(st.sampled_from(["in", "not in"]))

    def holds(row: Row) -> Truth:
        found: Truth = False if not members else None if row[column] is None else row[column] in members
        return found if word == "in" else negated(found)

    return f"$db.row.{column} {word} {literal(members)}", holds


@st.composite
def text_tests(draw: Any) -> Condition:
    column = draw(st.sampled_from(["t", "u"]))
    word = draw(st.sampled_from(["like", "ilike", "includes", "not like", "not ilike", "not includes"]))
    pattern = draw(texts.filter(lambda text: not text.endswith("\\")))
    plain = word.removeprefix("not ")

    def holds(row: Row) -> Truth:
        text, wanted = row[column], pattern
        if plain != "like":
            text, wanted = text and lowered(text), lowered(pattern)
        found = like(text, f"%{wanted}%" if plain == "includes" else wanted)
        return negated(found) if plain != word else found

    return f"$db.row.{column} {word} {literal(pattern)}", holds


@st.composite
def list_tests(draw: Any) -> Condition:
    word = draw(st.sampled_from(["contains", "not contains", "overlaps", "not overlaps"]))
    wanted = draw(st.lists(texts, max_size=2))

    def holds(row: Row) -> Truth:
        tags = row["tags"]
        found = set(wanted) <= set(tags) if word.endswith("contains") else bool(set(wanted) & set(tags))
        return not found if word.startswith("not") else found

    return f"$db.row.tags {word} {literal(wanted)}", holds


@st.composite
def boolean_tests(draw: Any) -> Condition:
    value, sign = draw(st.booleans()), draw(st.sampled_from(["==", "!="]))
    return f"$db.row.b {sign} {literal(value)}", lambda row: compared(sign, row["b"], value)


@st.composite
def ranges(draw: Any) -> Condition:
    column, values = draw(st.sampled_from([("n", numbers), ("m", numbers), ("t", texts)]))
    low, high = draw(values), draw(values)
    return (
        f"$db.row.{column} between {literal(low)}:{literal(high)}",
        lambda row: both(compared(">=", row[column], low), compared("<=", row[column], high)),
    )


def number_of(value: Any) -> float | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    return float(value) if isinstance(value, str) and re.fullmatch(r"\d+", value) else None


def text_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


@st.composite
def document_tests(draw: Any) -> Condition:
    sign = draw(st.sampled_from(["==", "!="]))
    value = draw(st.sampled_from([0, 1, 2.5, "a", "1"]))
    path = draw(st.sampled_from(["", ".k"]))
    read = number_of if isinstance(value, (int, float)) else text_of

    def holds(row: Row) -> Truth:
        found = row["j"]
        if path:
            found = found.get("k") if isinstance(found, dict) else None
        if isinstance(found, (dict, list)) and isinstance(value, str):
            return compared(sign, "a document", value)
        return compared(sign, read(found), value)

    return f"$db.row.j{path} {sign} {literal(value)}", holds


@st.composite
def optional_tests(draw: Any) -> Condition:
    column, values = draw(st.sampled_from([("n", numbers), ("u", texts)]))
    sign, value = draw(SIGNS), draw(values)
    if not value:
        return f"$db.row.{column} {sign}? {literal(value)}", lambda row: True
    return f"$db.row.{column} {sign}? {literal(value)}", lambda row: compared(sign, row[column], value)


ATOMS = st.one_of(
    comparisons(),
    column_comparisons(),
    null_tests(),
    memberships(),
    text_tests(),
    list_tests(),
    boolean_tests(),
    ranges(),
    document_tests(),
)


def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    def join(operator: str, rule: Callable[[Truth, Truth], Truth]) -> st.SearchStrategy[Condition]:
        def made(pair: tuple[Condition, Condition]) -> Condition:
            (one, first), (two, second) = pair
            return f"({one} {operator} {two})", lambda row: rule(first(row), second(row))

        return st.tuples(inner, inner).map(made)

    def reversed_(one: Condition) -> Condition:
        text, holds = one
        return f"!({text})", lambda row: negated(holds(row))

    return join("&&", both) | join("||", either) | inner.map(reversed_)


CONDITIONS = st.recursive(ATOMS, combined, max_leaves=5)
TOP = (
    CONDITIONS
    | optional_tests()
    | st.tuples(CONDITIONS, optional_tests()).map(
        lambda pair: (f"{pair[0][0]} && {pair[1][0]}", lambda row: both(pair[0][1](row), pair[1][1](row)))
    )
)


@pytest.fixture(params=["memory", "postgres"], scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    yield request.param, new_database(request.param)


def chosen(url: str, data: list[Row], conditions: list[Condition]) -> list[Any]:
    """The ids that each condition gives on a database of these rows."""
    stacks = "\n".join(
        f'db.query "row" {{\n where = {text}\n }} as $r{n}\n var $ids{n} {{ value = $r{n}|map:$$.id }}'
        for n, (text, _) in enumerate(conditions)
    )
    answer = ", ".join(f"$ids{n}" for n in range(len(conditions)))
    code = f'function "f" {{\n input {{\n }}\n stack {{\n{stacks}\n}}\n response = [{answer}]\n}}\n'
    workspace = xsrun.Workspace.from_sources({"table/row.xs": TABLE, "function/f.xs": code}, database=url)
    with workspace, throw_away(workspace.database) as empty:
        context = workspace.context()
        context.session_slot = open_session(empty, context)
        seed(context.session, {"row": data})
        result = workspace.execute(workspace.find("f"), {}, context)
    assert result.error is None, f"{result.error} {result.error.hint}"
    return list(result.response)


@settings(max_examples=60)
@given(data=rows, conditions=st.lists(TOP, min_size=3, max_size=8))
def test_where_is_python(database: tuple[str, str], data: list[Row], conditions: list[Condition]) -> None:
    _, url = database
    found = chosen(url, data, conditions)
    for (text, holds), ids in zip(conditions, found, strict=True):
        expected = [position for position, row in enumerate(data, 1) if holds(row)]
        assert ids == expected, text
