"""What the compiler knows of values changes no answer: code in line gives what the functions of the runtime give."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun import registry
from xsrun.evaluator import filters, hoisting, positions, stack_functions
from xsrun.evaluator.assignments import kinds_of
from xsrun.evaluator.inference import Kinds
from xsrun.evaluator.kinds import (
    ANY,
    BOOL,
    COUNTER_BITS,
    DECIMAL,
    INT,
    LIST,
    NATURAL,
    NEGATIVE,
    NULL,
    NUMBER,
    OBJECT,
    OTHER,
    TEXT,
    Kind,
)
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.values import arithmetic, comparison, conversion

# Operators -----------------------------------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "%": arithmetic.modulo,
    "<": comparison.less,
    "<=": comparison.less_or_equal,
    ">": comparison.greater,
    ">=": comparison.greater_or_equal,
    "==": comparison.loose_equal,
    "!=": comparison.not_equal,
    "===": comparison.strict_equal,
    "!==": comparison.not_identical,
    "~": lambda left, right: conversion.to_text(left) + conversion.to_text(right),
}
#: expression -> value, by what the compiler can know of the expression
VALUES: dict[str, dict[str, Any]] = {
    "small ints": {"0": 0, "1": 1, "7": 7, "(-3)": -3, "1000": 1000},
    "ints": {
        "9223372036854775807": 2**63 - 1,
        "(-9223372036854775807 - 1)": -(2**63),
        "2": 2,
        "4611686018427387904": 2**62,
    },
    "decimals": {
        "2.5": 2.5,
        "(-0.0)": -0.0,
        "1e308": 1e308,
        "(1e308 * 10)": math.inf,
        "(1e308 * 10 - 1e308 * 10)": math.nan,
    },
    "numbers": {"3": 3, "0": 0, "0.5": 0.5, "9.3e18": 9.3e18, "(-8)": -8},
    "texts": {
        '""': "",
        '"0"': "0",
        '"5"': "5",
        '" 5"': " 5",
        '"05"': "05",
        '"a"': "a",
        '"é"': "é",
        '"1e1"': "1e1",
        '"10"': "10",
    },
    "booleans": {"true": True, "false": False},
    "anything": {
        "null": None,
        "1": 1,
        '"1"': "1",
        "[]": [],
        "[1]": [1],
        "{}": {},
        "{a: 1}": {"a": 1},
        "1.0": 1.0,
        "true": True,
    },
}
FLAT = {text: value for values in VALUES.values() for text, value in values.items()}


def outcome(function: Callable[[Any, Any], Any], left: Any, right: Any) -> str:
    try:
        return repr(function(left, right))
    except xsrun.XanoScriptError as error:
        return error.message


def outcomes(source: str, variables: dict[str, Any] | None = None) -> list[str]:
    """What a program collected in `$out`; texts among it that begin with `!` are messages."""
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        result = workspace.run(variables=variables or {})
    assert result.error is None, result.error
    return [item["error"] if "error" in item else repr(item["value"]) for item in result.variables["out"]]


ATTEMPT = """try_catch {{
  try {{ array.push $out {{ value = {{value: {expression}}} }} }}
  catch {{ array.push $out {{ value = {{error: $error.message}} }} }}
}}"""


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_of_unknown_values(sign: str) -> None:
    pairs = [[left, right] for left in FLAT.values() for right in FLAT.values()]
    source = "var $out { value = [] }\nforeach ($pairs) { each as $pair {\nvar $a { value = $pair[0] }\n"
    source += "var $b { value = $pair[1] }\n" + ATTEMPT.format(expression=f"$a {sign} $b") + "\n} }"
    assert outcomes(source, {"pairs": pairs}) == [outcome(OPERATORS[sign], *pair) for pair in pairs]


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_of_known_values(sign: str) -> None:
    for left in VALUES:
        for right in VALUES:
            source = f"var $out {{ value = [] }}\nforeach ([{', '.join(VALUES[left])}]) {{ each as $a {{\n"
            source += f"foreach ([{', '.join(VALUES[right])}]) {{ each as $b {{\n"
            source += ATTEMPT.format(expression=f"$a {sign} $b") + "\n} } } }"
            expected = [outcome(OPERATORS[sign], a, b) for a in VALUES[left].values() for b in VALUES[right].values()]
            assert outcomes(source) == expected, (left, right)


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_with_a_literal(sign: str) -> None:
    literals = dict(list(FLAT.items())[::3])
    attempts = [attempt for text in literals for attempt in (f"$a {sign} {text}", f"{text} {sign} $a")]
    expected = []
    source = "var $out { value = [] }\nforeach ($all) { each as $a {\n"
    source += "\n".join(ATTEMPT.format(expression=attempt) for attempt in attempts) + "\n} }"
    for left in FLAT.values():
        for value in literals.values():
            expected += [outcome(OPERATORS[sign], left, value), outcome(OPERATORS[sign], value, left)]
    assert outcomes(source, {"all": list(FLAT.values())}) == expected


@pytest.mark.parametrize("values", VALUES)
def test_truth(values: str) -> None:
    source = f"var $out {{ value = [] }}\nforeach ([{', '.join(VALUES[values])}]) {{ each as $a {{\n"
    source += ATTEMPT.format(expression='[$a ? "yes" : "no", !$a, $a && true]') + "\n} }"
    truths = [conversion.truthy(value) for value in VALUES[values].values()]
    assert outcomes(source) == [repr(["yes" if truth else "no", not truth, truth]) for truth in truths]


# Filters -------------------------------------------------------------------------------------------------------------

MORE: dict[str, dict[str, Any]] = {
    **VALUES,
    "lists": {
        "[]": [],
        "[3, 1]": [3, 1],
        '["x", null, 2.5]': ["x", None, 2.5],
        "[[1], [2]]": [[1], [2]],
        "[{k: 1}]": [{"k": 1}],
    },
    "objects": {
        "{}": {},
        "{k: 1, x: [2]}": {"k": 1, "x": [2]},
        "{k: {x: 1}, x: {k: {k: null}}}": {"k": {"x": 1}, "x": {"k": {"k": None}}},
        '{"1": 5}': {"1": 5},
        '{"a.b": 1}': {"a.b": 1},
    },
    "keys": {
        '"k"': "k",
        '"x"': "x",
        '"a.b"': "a.b",
        '"x.0"': "x.0",
        '"-1"': "-1",
        '""': "",
        '"1"': "1",
        '"k_1"': "k_1",
    },
    "longer texts": {'"hello"': "hello", '"Zoë €"': "Zoë €"},
}
UNARY = [
    "count",
    "strlen",
    "first",
    "shift",
    "last",
    "pop",
    "to_text",
    "to_int",
    "floor",
    "abs",
    "min",
    "max",
    'get:"k"',
    'get:"k.x"',
    'get:"x.k.k":3',
    'has:"k"',
    'set:"k":1',
    "get:0",
    "has:1",
    "set:0:9",
    "slice:1",
    "slice:0:1",
    "slice:1:0",
    "substr:1",
    "substr:0:2",
    "substr:1:1",
    "push:1",
    "append:1",
    "merge:[1,2]",
    "add:1",
    "divide:2",
    "min:2",
    "max:2.5",
]
BINARY = [
    "get:$b",
    "get:$b:7",
    "has:$b",
    "set:$b:1",
    "set:0:$b",
    'set:"k":$b',
    "push:$b",
    "append:$b",
    "merge:$b",
    "merge:[$b]",
    "slice:$b",
    "slice:$b:1",
    "slice:0:$b",
    "slice:1:$b",
    "substr:$b",
    "substr:$b:1",
    "substr:0:$b",
    "substr:1:$b",
    "add:$b",
    "subtract:$b",
    "multiply:$b",
    "divide:$b",
    "min:$b",
    "max:$b",
    "get:($b|to_text)",
    "has:($b|to_text)",
    "set:($b|to_text):1",
]
#: what arguments are tried, and what is known of them
ARGUMENTS = (["0", "1", "(-1)"], ['"k"', '"1"', '"a.b"'], ["null", "[1]", "2.5"])


def plainly(source: str) -> list[str]:
    """The outcomes when every filter is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        patch.setattr(stack_functions, "kinds_of", lambda *_: Kinds())
        patch.setattr(filters, "as_operator", lambda *_: None)
        patch.setattr(filters, "filtered", called)
        return outcomes(source)


def called(compiler: Any, record: Any, piped: Any, node: Any) -> Any:
    return compiler.builtin_call(record, [piped, *map(compiler.value, node.arguments)], node)


@pytest.mark.parametrize("values", MORE)
def test_filters_of_known_values(values: str) -> None:
    source = f"var $out {{ value = [] }}\nforeach ([{', '.join(MORE[values])}]) {{ each as $a {{\n"
    attempts = [ATTEMPT.format(expression=f"{piped}|{one}") for one in UNARY for piped in ("$a", "($a ?? 1)")]
    source += "\n".join(attempts) + "\n} }"
    assert outcomes(source) == plainly(source)


@pytest.mark.parametrize("values", MORE)
@pytest.mark.parametrize("arguments", [*ARGUMENTS, pytest.param(list(FLAT), marks=pytest.mark.slow)])
def test_filters_with_known_arguments(arguments: list[str], values: str) -> None:
    source = f"var $out {{ value = [] }}\nforeach ([{', '.join(list(MORE[values])[:4])}]) {{ each as $a {{\n"
    source += f"foreach ([{', '.join(arguments)}]) {{ each as $b {{\n"
    source += "\n".join(ATTEMPT.format(expression=f"$a|{one}") for one in BINARY) + "\n} } } }"
    assert outcomes(source) == plainly(source)


# Programs ------------------------------------------------------------------------------------------------------------

NAMES = ["$a", "$b", "$c", "$l"]
LEAVES = [
    "$o.k",
    "$o",
    "($u.k ?? 1)",
    "$u.k",
    "0",
    "1",
    "3",
    "(-2)",
    "2.5",
    '"4"',
    '"x"',
    "null",
    "true",
    "[1, 2]",
    "9223372036854775807",
    *NAMES,
]
SIGNS = ["+", "-", "*", "/", "%", "<", ">=", "==", "!=", "===", "~", "??", "&&"]
FILTERS = ["count", "strlen", "to_int", "first", "last", "get:0", "get:$b", "push:$a", "slice:1", "add:1", "divide:2",
           "set:$a:1", "merge:[$b]", "reverse", "to_text", "substr:0:1", "abs", "min:$a", "contains:1"]  # fmt: skip


def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(SIGNS), inner),
        st.builds("({}|{})".format, inner, st.sampled_from(FILTERS)),
        st.builds("$l[{}]".format, inner),
        st.builds("$o[{}]".format, inner),
        st.builds("($o[{}] ?? {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    )


expressions = st.recursive(st.sampled_from(LEAVES), extended, max_leaves=5)
PATTERNS = [
    "var {name} {{ value = {one} }}", "var.update {name} {{ value = {one} }}", "math.add {name} {{ value = {one} }}",
    "math.mul {name} {{ value = {one} }}", "math.mod {name} {{ value = {one} }}", "array.push $l {{ value = {one} }}",
    "var.update $l[{one}] {{ value = {two} }}", "text.append {name} {{ value = {one} }}",
    "var.update $o[{one}] {{ value = {two} }}", "var.update $o.k {{ value = {one} }}",
    "var.update $o.k.m {{ value = {one} }}", "var.update $u.k {{ value = {one} }}",
    "var.update $o[{one}] {{ value = ($o[{one}] ?? 0) + 1 }}", "var.update $o[{one}].m {{ value = {two} }}",
    "var.update $l {{ value = $l|set:{one}:{two} }}",
    "var.update $l {{ value = $l|set:({one}|to_text):{two} }}",
    "var.update {name} {{ value = {name}|set:{one}:{two} }}",
    "conditional {{ if ({one}) {{ {inner} }} else {{ var {name} {{ value = {two} }} }} }}",
    "for (3) {{ each as {name} {{ {inner} }} }}", "foreach ({one}) {{ each as {name} {{ {inner} }} }}",
    "while ({one}) {{ each {{ {inner} }} }}", "array.pop $l as {name}",
    "try_catch {{ try {{ {inner} }} catch {{ var {name} {{ value = $error.message }} }} }}",
]  # fmt: skip


def stacks_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    made = st.builds(
        lambda pattern, name, one, two, below: pattern.format(name=name, one=one, two=two, inner=below),
        st.sampled_from(PATTERNS),
        st.sampled_from(NAMES),
        expressions,
        expressions,
        inner,
    )
    return st.lists(made, min_size=1, max_size=4).map("\n".join)


programs = st.recursive(st.just("var.update $a { value = $a + 1 }"), stacks_of, max_leaves=5)
LIMITS = xsrun.Limits(steps=300, size=10_000)
START = "var $a { value = 1 }\nvar $b { value = 2 }\nvar $c { value = 0.5 }\n"
START += "var $l { value = [3, 4] }\nvar $o { value = {} }\n"


def answer(source: str) -> tuple[Any, ...]:
    with xsrun.Workspace.from_sources({"a.xs": source}, limits=LIMITS) as workspace:
        result = workspace.run()
    error = result.error
    return (repr(result.variables), *((error.message, error.line, error.column) if error is not None else ()))


@settings(max_examples=300)
@given(programs)
def test_programs_do_the_same_without_kinds(program: str) -> None:
    source = START + program
    known = answer(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        patch.setattr(stack_functions, "kinds_of", lambda *_: Kinds())
        assert known == answer(source)


#: Positions that are there, at the end, behind it and before the beginning, in lists, objects and what is neither.
POSITIONS = ["$i", "$i + 1", "$i * 2", "$i - 1", "$k", "0", "2", "$l[$i]", "$n", '"a"']
HOLDERS = ["$g[{one}][{two}]", "$l[{one}]", "$g[{one}]", "$o.a[{one}]", "$o[{one}][{two}]", "$input.l[{one}]"]
READING = [
    *(f"var $a {{{{ value = {one} + 1 }}}}" for one in HOLDERS),
    *(f"var.update {one} {{{{ value = $i }}}}" for one in HOLDERS[:-1]),
    *(f"var.update {one} {{{{ value = {two} ~ $k }}}}" for one, two in pairwise(HOLDERS)),
    "var.update $g[{one}][{two}] {{ value = $g[{two}][{one}] + $l[{one}] }}",
    "var $u {{ value = ($u ?? 0) + $l[{one}] }}",
    "var.update $u.k {{ value = ($u.k ?? 0) + $l[{one}] }}",
    "var.update $v[{one}] {{ value = $l[{two}]|to_text }}",
    'var $w {{ value = ($i == 0 ? 0 : $k) ~ ($l[{one}]|as:k) ~ ("a"|to_upper) }}',
    "array.push $l {{ value = $g[{one}][{two}] }}",
    "var.update $l {{ value = $l|push:$g[{two}][{one}] }}",
    "var $b {{ value = ($l|count) > {one} ? $l[{one}] : $g[{one}][{two}] }}",
    "math.add $k {{ value = $l[{one}] }}",
    "foreach ($g[{one}]) {{ each as $k {{ var $b {{ value = $g[$i][{two}] * $k }} }} }}",
    "try_catch {{ try {{ var $a {{ value = $g[{one}][{two}] }} }} catch {{ var $b {{ value = $error.message }} }} }}",
]
statements_at_positions = st.builds(
    lambda pattern, one, two: pattern.format(one=one, two=two),
    st.sampled_from(READING),
    st.sampled_from(POSITIONS),
    st.sampled_from(POSITIONS),
)
START_OF_POSITIONS = """var $l { value = [0, 1, 2] }
var $g { value = [[1, 2], [3, 4, 5], []] }
var $o { value = {a: [1, 2], b: [[1], [2]]} }
var $k { value = 1 }
var $n { value = 9223372036854775807 }
"""


@settings(max_examples=300)
@given(st.lists(statements_at_positions, min_size=1, max_size=4), st.sampled_from(["for (4)", "foreach ([2, 0, 1])"]))
def test_positions_are_the_same_where_python_is_to_find_them(body: list[str], loop: str) -> None:
    source = START_OF_POSITIONS + loop + " { each as $i {\n" + "\n".join(body) + "\n} }"
    tried = answer(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        patch.setattr(positions, "_MOST_LOOPS", 0)
        assert tried == answer(source)


#: What a function that calls itself gives back at its end, and what it makes of what its call gave it.
GIVEN = st.sampled_from(["1", "2.5", '"3"', '"x"', "null", "[1]", "{a: 1}", "true", "9223372036854775807", "$input.n"])
MADE = st.sampled_from(
    ["$r + 1", "$r - $r", "$r * 2", "$r ~ 1", "[$r]", "$r", "$r % 7", "$r / 2", "$r[0] + 1", "$n + $r"]
)


@settings(max_examples=60)
@given(GIVEN, GIVEN, MADE, MADE, st.booleans())
def test_functions_that_call_themselves_do_the_same_without_kinds(
    end: str, other_end: str, made: str, later: str, twice: bool
) -> None:
    again = "input = {n: $n - 1} } as $r\n"
    source = f"""
    function "f" {{
      input {{
        int n
      }}
      stack {{
        var $n {{ value = $input.n }}
        conditional {{
          if ($n == 0) {{ return {{ value = {end} }} }}
          elseif ($n == 5) {{ return {{ value = {other_end} }} }}
        }}
        function.run "f" {{ {again}
        {f"var $n {{ value = {made} }}" if twice else ""}
      }}
      response = {later}
    }}
    """

    def found() -> list[str]:
        with xsrun.Workspace.from_sources({"f.xs": source}) as workspace:
            results = [workspace.run("f", input={"n": n}) for n in (1, 3, 8)]
        return [repr((result.response, str(result.error))) for result in results]

    known = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        patch.setattr(stack_functions, "kinds_of", lambda *_: Kinds())
        assert known == found()


# Texts that a loop does not change -----------------------------------------------------------------------------------

TEXTS = ['"1"', '"1.0"', '"01"', '"a"', '""', '" 1"', '"1e0"', '":"', "1", "null", "[1]", "1.0", "true"]
COMPARED = st.sampled_from(
    ["$x == $t", "$t == $x", "$x != $t", "$input.t == $x", "$x == $input.t", "$t == $input.t", "$u == $x", "$x == $x"]
)
CHANGES = st.sampled_from(
    ["", "", "var.update $t { value = $x }", 'text.append $t { value = "1" }', "var $u { value = $x }", "continue"]
)


@settings(max_examples=60)
@given(st.lists(COMPARED, min_size=1, max_size=3), CHANGES, st.sampled_from(TEXTS), st.booleans())
def test_loops_compare_texts_as_anywhere(compared: list[str], change: str, text: str, nested: bool) -> None:
    body = "".join(f"array.push $out {{ value = ({one}) }}\n" for one in compared)
    body += f'conditional {{\n if ($x == "01") {{\n {change}\n }}\n }}\n' if change else ""
    if nested:
        body = f"for (2) {{\n each as $i {{\n {body} }}\n }}\n{body}"
    source = f"""function f {{
      input {{
        text t?
      }}
      stack {{
        var $out {{ value = [] }}
        var $t {{ value = {text} }}
        var $u {{ value = "1.0" }}
        foreach ([{", ".join(TEXTS)}]) {{
          each as $x {{
            {body}
          }}
        }}
      }}
      response = $out
    }}
    """

    def found() -> list[str]:
        with xsrun.Workspace.from_sources({"f.xs": source}) as workspace:
            results = [workspace.run("f", input={"t": given}) for given in ("1", "a", "", "1e0")]
        return [repr((result.response, str(result.error))) for result in results]

    known = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        patch.setattr(hoisting.Texts, "answer", lambda *_: None)
        assert known == found()


# Kinds ---------------------------------------------------------------------------------------------------------------


def kinds(source: str) -> dict[str, Kind]:
    return kinds_of(parser().parse(Source(source, "a.xs"), "document").tree.items, []).variables


def test_counters_stay_ints_and_sums_do_not() -> None:
    found = kinds(
        "var $i { value = 0 }\nvar $sum { value = 0 }\nvar $n { value = [1]|count }\nvar $mean { value = $sum / 2 }\n"
        "while ($i < $n) { each { var.update $i { value = $i + 1 }\nmath.add $sum { value = $i } } }"
    )
    assert found["i"] == found["n"] == Kind(NATURAL, COUNTER_BITS)
    assert found["sum"].within(NUMBER) and not found["sum"].within(INT)
    assert found["mean"].within(NUMBER)


def test_members_of_lists_are_known_until_something_else_is_written() -> None:
    found = kinds("var $l { value = [1, 2] }\narray.push $l { value = 3 }\nforeach ($l) { each as $x { } }")
    assert found["l"].within(LIST) and found["x"].within(INT)
    found = kinds('var $l { value = [1] }\nvar.update $l[0] { value = "a" }\nforeach ($l) { each as $x { } }')
    assert found["x"].within(INT | TEXT)


def test_what_a_statement_binds_is_unknown() -> None:
    found = kinds("var $x { value = 1 }\nfunction.run f as $x\nvar $y { value = 2.5 }\nvar $z { value = 1 < 2 }")
    assert not found["x"].within(NUMBER)
    assert found["y"].within(DECIMAL) and found["z"].within(BOOL)
    assert kinds("var $x { value = null }")["x"].within(NULL)


def test_a_variable_named_as_an_element_root_is_another_thing_inside() -> None:
    source = 'var $result { value = 2 }\nvar $t { value = ["a", "b"]|reduce:$result ~ $$:"" }\n'
    source += 'var $u { value = ["a"]|map:($index == 0 ? $$ : 1) }\nmath.add $result { value = 1 }'
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        assert workspace.run().variables == {"result": 3, "t": "ab", "u": ["a"]}


def is_of(value: Any, kind: Kind) -> bool:
    """Is a value of a kind, and everything in it?"""
    if isinstance(value, (list, dict)):
        members = value if isinstance(value, list) else list(value.values())
        inside = kind.item is None or all(is_of(member, kind.item) for member in members)
        return bool(kind.classes & (LIST if isinstance(value, list) else OBJECT)) and inside
    if value.__class__ is int:
        sign, digits = (NATURAL, value) if value >= 0 else (NEGATIVE, ~value)
        return bool(kind.classes & sign) and digits.bit_length() <= kind.bits
    classes = {bool: BOOL, float: DECIMAL, str: TEXT, type(None): NULL}
    return bool(kind.classes & classes.get(value.__class__, OTHER))


#: what every filter of a known result is also given
PIPED = [
    *FLAT,
    '["b", "a"]',
    "[3, 1.5]",
    '{a: [1], b: "x"}',
    "[[1, 2], [3]]",
    '[{id: 1}, {id: 2.5, n: "é"}]',
    '["5", null]',
]
FILTER_ARGUMENTS = ["", ":1", ":0:2", ':"a"', ':"id":"b"', ":[1]"]


def expressions_of_filters() -> list[str]:
    folder = Path(__file__).parent / "conformance"
    cases = [
        json.loads(line)
        for path in [*folder.glob("*.jsonl"), *(folder / "own").glob("*.jsonl")]
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    names = [
        record.name for record in registry.every("filter") if record.result is not None or record.operator is not None
    ]
    made = [f"{one}|{name}{given}" for name in names for one in PIPED for given in FILTER_ARGUMENTS]
    return [*(case["expr"] for case in cases if "expr" in case), *made]


def test_the_kind_of_a_filter_is_that_of_what_it_gives() -> None:
    seen = known = 0
    for text in expressions_of_filters():
        tree = parser().parse(Source(text, "a.xs"), "expression").tree
        kind = Kinds().of(tree) if tree is not None else ANY
        if kind == ANY:
            continue
        try:
            value = xsrun.evaluate(text)
        except xsrun.XanoScriptError:
            continue
        seen += 1
        known += not kind.classes & OTHER
        assert is_of(value, kind), f"{text} gives {value!r}, not {kind}"
    assert seen > 3000 and known > 1500
