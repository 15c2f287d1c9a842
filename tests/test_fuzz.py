"""Odd values and damaged programs, made at random from a seed: errors at most, never a fault of xsrun.

Each is small here and large with `-m slow`. A seed that failed once stays in `FAILED`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun.errors import InternalError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.evaluator.stack_functions import compile_expression
from xsrun.language import catalogue
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.workspace.workspace import LoadedWorkspace

HERE = Path(__file__).parent
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 2**63 - 1, -(2**63), 1.5, float("nan"), float("inf"), -float("inf")),
    *("", "a", "0", "-1", "9" * 400, "1e999", "\0", "\ud800", "é²", "a" * 200, "[1,2", '{"a":1}', "2026-01-01"),
    *(b"\xff", [], [1], [[1, [2]], {"a": None}], ["a", "b"], {}, {"a": 1}, {"a": {"b": [1]}}, [None, True, "x", 1.5]),
]
#: what is put into programs; what people write, and what nobody does
PIECES = [
    *("{", "}", "(", ")", "[", "]", '"', "'", "`", '"""', "|", "||", "$", "$x", "=", "==", "?", "?=", ":", "::", ","),
    *("\n", "\r", "\u00a0", " ", "//", "---\n", "input", "schema", "stack", "if", "else", "each as", "\\", "\0", "²"),
    *("9" * 30, "9" * 5000, "-", "!", "...", "..", "as $x", "null", "1e999", "filters=", "=>", "@", "#", "~", "é"),
]
#: Programs whose formatting or checking once was a fault.
FAILED = [
    "function f {\n  input {\n    text s= ={\n    }\n  }\n  stack {\n  }\n  response = null\n}\n",
    "function f {\n  stack {\n    conditional {\n      if (true) {\n        schema }\n    }\n  }\n}\n",
    "function f {\n  input {\n    int count filters=min:1 = 5\n  }\n  stack {\n  }\n}\n",
    "table t {\n  schema {\n    text code? filters = me ? filters= trim | lower\n  }\n}\n",
    'api_group account {\n  description = "S"!  canonical = "account"\n}\n',
    "table t {\n  schema {\n    text [ 1 5 ] tags\n    text [1\u00a05] more\n  }\n}\n",
    "function f {\n  stack {\n    return $x",
    "function f {\n  stack {\n    return $xé",
    "var $x \n \rvalue = 12|bitwise_and:10",
    "var $x \n \x0cvalue = 12|bitwise_and:10",
    "table t {\n  schema {\n    int? =>level?\n    int? = 5\n  }\n}\n",
    'function "main" {\n  input {\n    timfilters=estamp ?seen?\n  }\n}\n',
    "var $x {\n  value = [2. 5, 1234 .5, 1.5 .5, 2 .a]|first\n}\n",
]


# Filters -------------------------------------------------------------------------------------------------------------


def filter_calls(seed: int, count: int) -> None:
    """Call the filters in turn with odd values; whatever they raise is an error of the program."""
    chance = random.Random(seed)
    names = [name for name in sorted(catalogue.names("filter")) if not name.startswith("lambda")]
    with xsrun.Workspace.from_sources({"a.xs": ""}) as workspace:
        for number in range(count):
            name, given = names[number % len(names)], chance.choice([0, 1, 1, 2, 3])
            values = [chance.choice(VALUES) for _ in range(given + 1)]
            text = f"$v0|{name}" + "".join(f":$v{position}" for position in range(1, given + 1))
            assert not isinstance(failure(workspace, text, values), InternalError), (text, values)


def failure(workspace: LoadedWorkspace, text: str, values: list[Any]) -> BaseException | None:
    """What the evaluation of an expression raises, as a program would see it."""
    tree = parser().parse(Source(text, "<expression>"), "expression").tree
    assert tree is not None
    try:
        run = compile_expression(tree, "<expression>", [f"v{position}" for position in range(len(values))])
        run(workspace.context(), {}, *values)
    except Exception as error:
        return translate(error)
    return None


def test_every_filter_with_odd_values() -> None:
    filter_calls(1, 8_000)


@pytest.mark.slow
def test_every_filter_with_many_odd_values() -> None:
    filter_calls(2, 500_000)


@pytest.mark.parametrize(
    "name", ["timestamp_hour", "to_timestamp", "format_timestamp", "transform_timestamp", "to_expr"]
)
def test_byte_strings_where_people_write_texts(name: str) -> None:
    with xsrun.Workspace.from_sources({"a.xs": ""}) as workspace:
        for values in ([b"\xff"], ["2026-01-01", b"\xff"], ["2026-01-01", b"\xff", b"\xff"], [1, "Y", b"\xff"]):
            text = f"$v0|{name}" + "".join(f":$v{position}" for position in range(1, len(values)))
            assert not isinstance(failure(workspace, text, values), InternalError), values


# Programs ------------------------------------------------------------------------------------------------------------


def programs() -> list[str]:
    """The programs that are damaged: the samples, and those of the tests and of the conformance cases."""
    folders = (HERE.parent / "samples", HERE)
    found = [path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.rglob("*.xs"))]
    for path in sorted((HERE / "conformance").rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            found += [text for name, text in case.get("files", {}).items() if name.endswith(".xs")]
            if "expr" in case:
                found.append(f"var $x {{\n  value = {case['expr']}\n}}\n")
            elif "files" not in case and "source" in case:
                found.append(case["source"])
    return found


def damaged(text: str, chance: random.Random) -> str:
    """A piece of a program with one to three changes."""
    if len(text) > 1500:
        start = chance.randrange(len(text) - 1000) if chance.random() < 0.5 else 0
        text = text[start : start + 1000]
    for _ in range(chance.choice([1, 1, 2, 3])):
        at, other = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                text = text[:at] + chance.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + chance.randint(1, 8) :]
            case 2:
                text = text[:at] + text[other : other + chance.randint(1, 40)] + text[at:]
            case _:
                text = text[:at] + chance.choice(PIECES) + text[at + 1 :]
    return text


def assert_sound(text: str) -> None:
    """A text can be checked; formatted, where it can be, it is the same program, and so formatted again."""
    xsrun.check({"a.xs": text})
    try:
        made = xsrun.format(text)
    except xsrun.XanoScriptError as error:
        assert not isinstance(error, InternalError), text
        return
    assert xsrun.format(made) == made, text


def assert_runs(text: str) -> None:
    """Whatever a text declares can be run under short limits."""
    limits = xsrun.Limits(seconds=5, steps=1_000)
    with xsrun.Workspace.from_sources({"a.xs": text}, limits=limits) as workspace:
        for construct in workspace.constructs[:2]:
            try:
                error: BaseException | None = workspace.run(construct.name, kind=construct.kind).error
            except xsrun.XanoScriptError as raised:  # of a construct that cannot be run, such as a table
                error = raised
            assert not isinstance(error, InternalError), text


def check_damaged(first: int, count: int, runs: int) -> None:
    """Check and format damaged programs; of each `runs` run one."""
    known = programs()
    for seed in range(first, first + count):
        chance = random.Random(seed)
        text = damaged(chance.choice(known), chance)
        assert_sound(text)
        if seed % runs == 0:
            assert_runs(text)


def test_damaged_programs() -> None:
    check_damaged(1_000_000, 400, 10)


@pytest.mark.slow
def test_many_damaged_programs() -> None:
    check_damaged(2_000_000, 1_000_000, 5)


@pytest.mark.parametrize("text", FAILED)
def test_programs_that_failed_once(text: str) -> None:
    assert_sound(text)
    assert_runs(text)
