"""Every documented example of a statement or filter, with every kind of value at each place that takes one.

Each is a value or an error of the program, never a fault of xsrun. What a place is, and what stands beside it, is taken
from the examples, so that a new statement is in the matrix as soon as it is documented. A tenth is tried by default,
chosen by a fixed seed; all of it with `-m slow`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

import xsrun
from xsrun import registry
from xsrun.errors import InternalError
from xsrun.syntax.nodes import Attribute, FilterCall, Located, Node

LIMITS = xsrun.Limits(seconds=5, steps=20_000)
VALUES = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "9223372036854775807",
    "1.5",
    "1e308",
    '""',
    '"a"',
    '"١"',
    '"0"',
    '"\\u0000"',
    '("a"|repeat:100000)',
    '("ff41"|hex2bin)',
    '("[\\"\\\\ud800\\"]"|json_decode|first)',
    "[]",
    "[null]",
    "[[1]]",
    '["a", ("ff"|hex2bin)]',
    "{}",
    "{a: {b: 1}}",
    '{"": 1}',
    '{("ff"|hex2bin): 1}',
    "now",
]
#: what waits for as long as the value says
_WAITING = frozenset(("util.sleep",))


def places(node: object) -> Iterator[Located]:
    """What a program's text gives a value to: attributes, and the operands and arguments of filters."""
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from places(item)
    if not isinstance(node, Node):
        return
    if isinstance(node, Attribute) and node.value is not None:
        yield node.value
    elif isinstance(node, FilterCall):
        yield node.operand
        yield from node.arguments
    for kind in type(node).__mro__:
        for name in getattr(kind, "__slots__", ()):
            yield from places(getattr(node, name, None))


def with_values(source: str) -> Iterator[str]:
    """The program with each value at each place."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    spans = {
        (starts[at.line - 1] + at.column - 1, starts[at.end_line - 1] + at.end_column - 1)
        for at in places(xsrun.parse(source))
    }
    for start, end in sorted(spans):
        for value in VALUES:
            yield source[:start] + value + source[end:]


def programs(kind: registry.Kind) -> list[str]:
    made = []
    for record in registry.every(kind):
        if record.name in _WAITING:
            continue
        for example in record.examples:
            source = f"var $x {{ value = {example.source} }}" if kind == "filter" else example.source
            made.extend(with_values(source))
    return made


def assert_no_faults(sources: list[str]) -> None:
    for source in sources:
        with xsrun.Workspace.from_sources({"a.xs": source}, limits=LIMITS) as workspace:
            error = workspace.run().error
        assert not isinstance(error, InternalError), f"{error.__cause__ or error!r} in\n{source}"


@pytest.mark.parametrize("kind", ["statement", "filter"])
def test_a_tenth_of_all_places_and_values(kind: registry.Kind) -> None:
    every = programs(kind)
    assert len(every) > 10_000
    assert_no_faults(random.Random(7).sample(every, len(every) // 10))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["statement", "filter"])
def test_all_places_and_values(kind: registry.Kind) -> None:
    assert_no_faults(programs(kind))
