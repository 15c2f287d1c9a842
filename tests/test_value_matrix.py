"""Every documented example of a statement or filter, with every kind of value at each place that takes one.

Each is a value or an error of the program, never a fault of xsrun. What a place is, and what stands beside it, is taken
from the examples, so that a new statement is in the matrix as soon as it is documented. A tenth is tried by default,
chosen by a fixed seed; all of it with `-m slow`.
"""

from __future__ import annotations

import random
import time
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
    '("a"|fill:0:100000|join:"")',
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


def with_values(source: str, values: list[str]) -> Iterator[str]:
    """The program with each value at each place."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    spans = {
        (starts[at.line - 1] + at.column - 1, starts[at.end_line - 1] + at.end_column - 1)
        for at in places(xsrun.parse(source))
    }
    for start, end in sorted(spans):
        for value in values:
            yield source[:start] + value + source[end:]


def programs(kind: registry.Kind, values: list[str] = VALUES) -> list[str]:
    made = []
    for record in registry.every(kind):
        if record.name in _WAITING:
            continue
        for example in record.examples:
            source = f"var $x {{ value = {example.source} }}" if kind == "filter" else example.source
            made.extend(with_values(source, values))
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


# Values that are small in memory and endless when walked, that nest deeply, that are long -----------------------------

#: what `$v_` is before it is made larger -> how that is done, and how often
_GROWING = {
    "shared list": ("[1]", "[$v_, $v_]", 40),
    "shared object": ("{}", "{a: $v_, b: $v_}", 40),
    "deep list": ("1", "[$v_]", 20_000),
    "deep object": ("1", "{a: $v_}", 20_000),
}
#: how `$v_` is made before a program
HOSTILE = {
    name: f"var $v_ {{ value = {start} }}\nfor ({times}) {{ each as $i_ {{ var.update $v_ {{ value = {more} }} }} }}\n"
    for name, (start, more, times) in _GROWING.items()
}
#: what takes long where a place does something with each part of it
LONG = [
    '("ab<"|fill:0:1000000|join:"")',
    "(1..1000000)",
    '("é,"|fill:0:500000|join:"")',
    '("["|fill:0:100000|join:"")',
    '("9"|fill:0:100000|join:"")',
]


LONG_NAMES = """storage.create_file_resource { filename = "a.txt"
 filedata = "a" } as $file
var $long { value = "a"|fill:0:5000|join:"" }
cloud.azure.storage.ACT {
  account_name = "harbour"
  account_key = $env.AZURE_KEY
  container_name = CONTAINER
  filePath = PATH
}
"""


@pytest.mark.parametrize("act", ["delete_file", "read_file", "get_file_info"])
@pytest.mark.parametrize(("container", "path"), [("$long", '"a"'), ('"charts"', "$long")])
def test_names_that_no_file_can_have(act: str, container: str, path: str) -> None:
    source = LONG_NAMES.replace("ACT", act).replace("CONTAINER", container).replace("PATH", path)
    assert_no_faults([source, source.replace("filePath", "search_prefix").replace(act, "list_directory")])


def assert_ends(before: str, source: str) -> None:
    """A program with a hostile value ends by itself or by its limits, wherever it is, and never by a fault."""
    with xsrun.Workspace.from_sources({"a.xs": before + source}, limits=xsrun.Limits(seconds=1)) as workspace:
        error = workspace.run().error
    assert not isinstance(error, InternalError), f"{error.__cause__ or error!r} in\n{source}"


@pytest.mark.parametrize("kind", ["statement", "filter"])
@pytest.mark.parametrize("value", HOSTILE)
def test_values_that_cannot_be_walked(kind: registry.Kind, value: str) -> None:
    every = programs(kind, ["$v_"])
    assert len(every) > 500
    for source in random.Random(11).sample(every, len(every) // 20):
        assert_ends(HOSTILE[value], source)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["statement", "filter"])
@pytest.mark.parametrize("value", HOSTILE)
def test_values_that_cannot_be_walked_at_every_place(kind: registry.Kind, value: str) -> None:
    for source in programs(kind, ["$v_"]):
        assert_ends(HOSTILE[value], source)


#: Places where a value was written out, in a message or as the name of something, that nobody would have waited for.
WRITTEN_OUT = [
    "db.add t { data = {n: 1} } as $a\ndb.get t { field_name = $v_\n field_value = 1 } as $x",
    'db.add t { data = {n: 1} } as $a\ndb.get t { field_name = "id"\n field_value = 1\n output = $v_ } as $x',
    "db.add t { data = {n: 1} } as $a\ndb.query t { return = $v_ } as $x",
    'db.add t { data = {id: "a"} } as $a\ndb.add t { data = {id: $v_} } as $x',
    'db.add t { data = {n: 1} } as $a\ndb.patch t { field_name = "id"\n field_value = $v_\n data = {n: 2} } as $x',
    "db.add t { data = {n: 1} } as $a\ndb.query t { override_sort = {n: $v_} } as $x",
    'db.add t { data = {n: 1} } as $a\ndb.query t { override_sort = [{sortBy: $v_, orderBy: "asc"}] } as $x',
    'db.add t { data = {n: 1} } as $a\ndb.query t { additional_where = {left: "t.n", op: $v_, right: 1} } as $x',
    'ai.external.mcp.server_details { url = "http://127.0.0.1:9/mcp"\n connection_type = $v_ } as $x',
    "var $x { value = $v_|strip_html }",
]


@pytest.mark.parametrize("source", WRITTEN_OUT)
@pytest.mark.parametrize("value", HOSTILE)
def test_values_that_were_written_out(source: str, value: str) -> None:
    assert_ends(HOSTILE[value], source)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["statement", "filter"])
def test_long_values_stay_within_the_limit_of_time(kind: registry.Kind) -> None:
    late = []
    for source in programs(kind, LONG):
        with xsrun.Workspace.from_sources({"a.xs": source}, limits=xsrun.Limits(seconds=1)) as workspace:
            begun = time.process_time()
            error = workspace.run().error
            taken = time.process_time() - begun
        assert not isinstance(error, InternalError), f"{error.__cause__ or error!r} in\n{source}"
        if taken > 3:
            late.append((taken, source))
    assert not late
