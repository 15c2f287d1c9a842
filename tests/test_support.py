"""What `xsrun support` claims: every statement of the catalogue works, some with a stand-in on this machine."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import xsrun
from xsrun import registry
from xsrun.cli.support import summary, support
from xsrun.language import catalogue
from xsrun.manual.reference import KINDS
from xsrun.registry.docstrings import Example
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import to_json

STATEMENTS = catalogue.names("statement")


def test_every_statement_works() -> None:
    rows = {row["name"]: row["status"] for row in support()["statements"]}
    assert list(rows) == STATEMENTS
    assert {*rows.values()} == {"yes"}


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_builtin_is_documented(kind: registry.Kind) -> None:
    for record in registry.every(kind):
        assert record.summary, record.name
        assert record.examples or kind == "query_filter", record.name


def test_what_works_with_a_stand_in_says_so() -> None:
    rows = {row["name"]: row for row in support()["statements"]}
    stood_in = {name: row["stand_in"] for name, row in rows.items() if "stand_in" in row}
    assert {rows[name]["status"] for name in stood_in} == {"yes"}
    assert stood_in == {one.name: one.stand_in.what for one in registry.every("statement") if one.stand_in}
    assert all(len(text) > 10 for text in stood_in.values())


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        ([{"status": "yes"}], "1 of 1"),
        ([{"status": "yes"}, {"status": "no"}], "1 of 2"),
        ([{"status": "yes"}, {"status": "yes", "stand_in": "a"}], "2 of 2, 1 of them with a local stand-in"),
    ],
)
def test_the_three_states_are_counted(statuses: list[Any], text: str) -> None:
    assert summary([{"name": "a", **row} for row in statuses]) == text


# Examples ------------------------------------------------------------------------------------------------------------


def statement_examples() -> list[Any]:
    return [
        pytest.param(record.name, example, id=f"{record.name}-{number}")
        for record in registry.every("statement")
        for number, example in enumerate(record.examples, 1)
    ]


def fits(expected: Any, seen: Any) -> bool:
    """Is a value the expected one, where "..." stands for anything?"""
    if expected == "...":
        return True
    if isinstance(expected, dict) and isinstance(seen, dict):
        return expected.keys() == seen.keys() and all(fits(value, seen[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(seen, list):
        return len(expected) == len(seen) and all(map(fits, expected, seen))
    return bool(expected == seen) and isinstance(expected, bool) is isinstance(seen, bool)


@pytest.mark.parametrize(("name", "example"), statement_examples())
def test_the_examples_of_statements(name: str, example: Example) -> None:
    tree = xsrun.parse(example.source)
    names = {item.name for root in tree.items for item in root.walk() if isinstance(item, Statement)}
    assert name in names, "an example of a statement shows that statement"
    with xsrun.Workspace.from_sources({"main.xs": example.source}) as workspace:
        result = workspace.run()
    assert result.error is None, f"{result.error} ({result.error.hint})"
    if example.result:
        expected = json.loads(re.sub(r"(?<![\".])\.\.\.(?![\".])", '"..."', example.result))
        assert fits(expected, json.loads(to_json(result.response))), to_json(result.response)
