"""Every example in the documentation of a statement or filter does what it says.

An expression gives the value that stands below it; a list of statements binds the variables that stand below it. A
value of `...` stands for anything.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import xsrun
from xsrun import registry
from xsrun.registry import Builtin
from xsrun.registry.docstrings import Example

#: Nothing else is equal to it: what `...` becomes.
ANYTHING = "\0anything"
_BARE_DOTS = re.compile(r'("(?:[^"\\]|\\.)*")|\.\.\.')


def read_expectation(text: str) -> Any:
    """The value of the text below an example."""
    return json.loads(_BARE_DOTS.sub(lambda found: found[1] or json.dumps(ANYTHING), text))


def agrees(expected: Any, actual: Any) -> bool:
    if expected == ANYTHING:
        return True
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and set(expected) == set(actual)
            and all(agrees(value, actual[key]) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(agrees(*pair) for pair in zip(expected, actual, strict=True))
        )
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, float) or isinstance(actual, float):
        return isinstance(actual, (int, float)) and actual == pytest.approx(expected, rel=1e-12)
    return bool(expected == actual)


def examples(kind: registry.Kind) -> list[Any]:
    return [
        pytest.param(record, example, id=f"{record.name}-{number}")
        for record in registry.every(kind)
        for number, example in enumerate(record.examples, 1)
    ]


@pytest.mark.parametrize(("record", "example"), examples("filter"))
def test_filter_example(record: Builtin, example: Example) -> None:
    actual = json.loads(json.dumps(xsrun.evaluate(example.source), default=list))
    if example.result:
        assert agrees(read_expectation(example.result), actual), actual


@pytest.mark.parametrize(("record", "example"), examples("statement"))
def test_statement_example(record: Builtin, example: Example) -> None:
    with xsrun.Workspace.from_sources({"example.xs": example.source}) as workspace:
        result = workspace.run()
    assert result.error is None, f"{result.error} ({result.error and result.error.hint})"
    actual = json.loads(xsrun.values.conversion.to_json(result.response))
    if example.result:
        assert agrees(read_expectation(example.result), actual), actual


@pytest.mark.parametrize("kind", ["statement", "filter"])
def test_every_builtin_is_documented(kind: registry.Kind) -> None:
    undocumented = [record.name for record in registry.every(kind) if not record.documentation]
    assert undocumented == []
    without_example = [record.name for record in registry.every(kind) if not record.examples]
    assert without_example == []


def test_expectations_may_leave_values_open() -> None:
    expected = read_expectation('{"id": ..., "text": "a...b", "list": [1, ...]}')
    assert agrees(expected, {"id": 3, "text": "a...b", "list": [1, {}]})
    assert not agrees(expected, {"id": 3, "text": "other", "list": [1, 2]})
    assert not agrees(expected, {"id": 3, "text": "a...b", "list": [1]})
