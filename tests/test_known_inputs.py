"""What the compiler knows of inputs - by conditions, and where a function calls itself - changes no answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.evaluator import stack_functions
from xsrun.evaluator.inference import Kinds
from xsrun.evaluator.kinds import INT, NATURAL, NEGATIVE, Kind
from xsrun.evaluator.narrowing import narrowed
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source

MOST = 2**63 - 1
EDGES = [-MOST - 1, -MOST, -70000, -3, -2, -1, 0, 1, 2, 3, 70000, MOST - 1, MOST]

sides = st.sampled_from(["$input.a", "$input.b", "0", "1", "2", "-1", "(-2)", "70000", str(MOST), "2.5", '"1"', "null"])
sums = st.builds("{} {} {}".format, sides, st.sampled_from("+-*%"), sides)
OPERATORS = ["<", "<=", ">", ">=", "==", "!=", "===", "!=="]
comparisons = st.builds(
    "{} {} {}".format, st.one_of(sides, st.builds("({})".format, sums)), st.sampled_from(OPERATORS), sides
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("`{}`".format, comparisons),
    ),
    max_leaves=4,
)


@contextmanager
def nothing_known() -> Iterator[None]:
    """Inside, programs are compiled as if any value could be anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        patch.setattr(stack_functions, "kinds_of", lambda *_: Kinds())
        yield


def answers(source: str, calls: list[dict[str, Any]], **options: Any) -> list[str]:
    with xsrun.Workspace.from_sources({"f.xs": source}, **options) as workspace:
        results = [workspace.run("f", input=inputs) for inputs in calls]
    return [f"{one.error} {one.error.line}" if one.error is not None else repr(one.response) for one in results]


# Conditions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_comparison_leaves_every_value_that_it_is_true_of(operator: str) -> None:
    for literal in ("-70000", "(-2)", "-1", "0", "1", "2", str(MOST), "2.5", '"1"', "null"):
        for condition in (f"$input.a {operator} {literal}", f"{literal} {operator} $input.a"):
            has_every_value(condition, holds=True)
            has_every_value(condition, holds=False)


@pytest.mark.parametrize("holds", [True, False])
@given(condition=conditions)
def test_a_condition_leaves_every_value_that_it_is_true_of(condition: str, holds: bool) -> None:
    has_every_value(condition, holds=holds)


def has_every_value(condition: str, *, holds: bool) -> None:
    tree = parser().parse(Source(condition, "a.xs"), "expression").tree
    kinds = narrowed(Kinds({"a": Kind(INT), "b": Kind(INT)}), tree, holds=holds)
    source = f"function f {{\n input {{ int a\n int b }}\n stack {{ }}\n response = `({condition}) ? true : false`\n}}"
    calls = [{"a": a, "b": b} for a in EDGES for b in EDGES]
    for inputs, answer in zip(calls, answers(source, calls), strict=True):
        if answer == str(holds):
            for name, value in inputs.items():
                kind = kinds.inputs[name]
                assert kind.classes & (NATURAL if value >= 0 else NEGATIVE), (condition, inputs)
                assert -(2**kind.bits) <= value <= 2**kind.bits, (condition, inputs)


@pytest.mark.parametrize(
    ("condition", "holds", "kind"),
    [
        ("$input.a < 2", False, Kind(NATURAL)),
        ("$input.a < 2", True, Kind(INT)),
        ("2 > $input.a", False, Kind(NATURAL)),
        ("$input.a >= 0 && $input.a <= 1000", True, Kind(NATURAL, 10)),
        ("$input.a < 0 || $input.a > 1000", False, Kind(NATURAL, 10)),
        ("!($input.a < 0)", True, Kind(NATURAL)),
        ("$input.a == 5", True, Kind(NATURAL, 3)),
        ("$input.a == 5", False, Kind(INT)),
        ("$input.a < -1", True, Kind(NEGATIVE)),
        ("$input.a > 0.5", True, Kind(INT)),
        ("$x.a > 0", True, Kind(INT)),
    ],
)
def test_what_a_condition_tells(condition: str, holds: bool, kind: Kind) -> None:
    tree = parser().parse(Source(condition, "a.xs"), "expression").tree
    assert narrowed(Kinds({"a": Kind(INT)}), tree, holds=holds).inputs == {"a": kind}


NOTE = "array.push $out {{ value = {} }}\n"
leaving = st.sampled_from(
    ["return { value = $out }", 'throw { value = "left" }', NOTE.format("1"), "", "return { value = 1 }"]
)


@st.composite
def bodies(draw: st.DrawFn, depth: int = 0) -> str:
    """Statements with conditions, each of which tells something of what stands in or after it."""
    text = ""
    for _ in range(draw(st.integers(1, 3))):
        form = draw(st.sampled_from(["sum", "if", "else", "precondition", "loop"] if depth < 2 else ["sum"]))
        if form == "sum":
            text += NOTE.format(draw(sums))
        elif form == "precondition":
            text += f'precondition ({draw(conditions)}) {{\n error = "refused"\n}}\n'
        elif form == "loop":
            more = draw(st.sampled_from(["", f"conditional {{\n if ({draw(conditions)}) {{\n continue\n }}\n}}\n"]))
            text += f"for (2) {{\n each as $i {{\n {more}{draw(bodies(depth + 1))} }}\n}}\n"
        else:
            arms = [f"({draw(conditions)}) {{\n {draw(bodies(depth + 1))}{draw(leaving)}\n}}\n" for _ in range(2)]
            text += f"conditional {{\n if {arms[0]} elseif {arms[1]}"
            text += f"else {{\n {draw(bodies(depth + 1))}{draw(leaving)}\n}}\n}}\n" if form == "else" else "}\n"
    return text


@given(body=bodies())
def test_conditions_change_no_answer(body: str) -> None:
    source = "function f {\n input {\n int a\n int b\n }\n stack {\n var $out { value = [] }\n try_catch {\n try {\n"
    source += f"{body}}}\n catch {{\n {NOTE.format('$error.message')} }}\n }}\n }}\n response = $out\n}}\n"
    calls = [{"a": a, "b": b} for a in EDGES[::2] for b in EDGES[1::3]]
    found = answers(source, calls)
    with nothing_known():
        assert found == answers(source, calls)


# Functions that call themselves --------------------------------------------------------------------------------------

FUNCTION = """function f {{
  input {{
    int a
    int b
  }}
  stack {{
    conditional {{
      if ({condition}) {{
        return {{ value = {value} }}
      }}
    }}
    conditional {{
      if ($input.a > 9 || $input.a < {least}) {{
        return {{ value = $input.a }}
      }}
    }}
    function.run f {{
      input = {{{arguments}}}
    }} as $first
    function.run f {{
      input = {{a: $input.a - 3, b: $input.b}}
    }} as $second
  }}
  response = [$first, $second]
}}
"""
arguments = st.sampled_from(
    [
        "a: $input.a - 1, b: $input.b",
        "a: $input.a - 2, b: $input.a",
        "a: $input.a - 1",
        "a: $input.a - 1, b: `$input.b + 1`",
        "a: 3, b: $input.b % 7",
        "b: $input.b % 7, a: $input.a - 1",
        "b: 2",
        "a: $input.a % 5 - 1, b: 9223372036854775807",
        'a: "1", b: $input.a',
        "a: $input.a - 1, b: null",
    ]
)


@given(
    condition=conditions,
    value=st.one_of(sides, sums),
    arguments=arguments,
    least=st.sampled_from([-9, 0, 1]),
    depth=st.integers(1, 7),
)
def test_a_recursion_gives_what_its_calls_give(
    condition: str, value: str, arguments: str, least: int, depth: int
) -> None:
    source = FUNCTION.format(condition=condition, value=value, arguments=arguments, least=least)
    calls = [{"a": a, "b": b} for a in (-2, 0, 1, 2, 3, 7, MOST) for b in (0, 3, MOST)]
    found = answers(source, calls, limits=xsrun.Limits(depth=depth))
    with nothing_known():
        assert found == answers(source, calls, limits=xsrun.Limits(depth=depth))


@pytest.mark.parametrize("condition", ["$input.a % 3 > 0", "$input.a % 2 == 1", "$input.a - 1 < 0"])
def test_a_base_case_is_asked_of_the_arguments_not_of_what_is_known_of_the_inputs(condition: str) -> None:
    source = FUNCTION.format(condition=condition, value="$input.a % 3", arguments="a: $input.a - 5, b: 0", least=0)
    calls = [{"a": a, "b": 0} for a in range(-9, 9)]
    found = answers(source, calls)
    with nothing_known():
        assert found == answers(source, calls)


def test_a_base_case_that_may_fail_is_left_to_the_call() -> None:
    source = FUNCTION.format(condition="1 / $input.a > 0", value="1", arguments="a: $input.a - 1, b: 0", least=0)
    assert answers(source, [{"a": 0, "b": 0}]) == ["Division by zero 8"]


CALLER = """function f {
  input {
  }
  stack {
    function.run g {
      input = {n: 5}
    } as $r
  }
  response = $r
}
"""
CALLEE = "function g {{\n  input {{\n    {}\n  }}\n  stack {{\n  }}\n  response = $input.n\n}}\n"


@pytest.mark.parametrize(
    "later", ["text n", "decimal n", "int n filters=min:7", "text n filters=trim", "int[] n", "json n"]
)
def test_callers_that_are_kept_know_when_a_callee_takes_other_values(later: str) -> None:
    answers(CALLER + "---\n" + CALLEE.format("int n"), [{}])
    kept = answers(CALLER + "---\n" + CALLEE.format(later), [{}])
    with nothing_known():
        assert kept == answers(CALLER + "---\n" + CALLEE.format(later), [{}])


@pytest.mark.parametrize("value", ["5", '""', '"a"', "null", "[]", "true"])
@pytest.mark.parametrize("kind", ["text n", "text? n", "text n?", "int n", "bool n", "json n", "json n?"])
def test_an_input_takes_what_its_call_gives_it(kind: str, value: str) -> None:
    source = CALLER.replace("n: 5", f"n: {value}") + "---\n" + CALLEE.format(kind)
    with nothing_known():
        plain = answers(source, [{}])
    assert answers(source, [{}]) == plain


FALLS_THROUGH = """function f {{
  input {{
    int n
  }}
  stack {{
    conditional {{
      if ($input.n < 2) {{
        {leaving}
      }}
    }}
    conditional {{
      if ($input.n < 2) {{
        return {{ value = "below" }}
      }}
    }}
    function.run f {{
      input = {{n: $input.n - 1}}
    }} as $r
  }}
  response = $r
  test "t" {{
    input = {{n: 2}}
    expect.to_equal ($response) {{ value = "below" }}
  }}
}}
"""


@pytest.mark.parametrize(
    "leaving",
    [
        "return { disabled = true }",
        "return { value = 1\n disabled = true }",
        "!return { value = 1 }",
        'return { value = 1\n mock "t" { value = 3 } }',
        'return { value = 1\n mock = {"t": 3} }',
    ],
)
def test_a_return_that_may_not_run_is_no_base_case(leaving: str) -> None:
    with xsrun.Workspace.from_sources({"f.xs": FALLS_THROUGH.format(leaving=leaving)}) as workspace:
        (outcome,) = workspace.test().results
    assert outcome.status == "pass", outcome


@pytest.mark.parametrize("terms", [" || ".join(["$input.a == 0"] * 400), " + ".join(["$input.a"] * 400) + " == 0"])
def test_a_long_base_case_is_not_written_at_each_call(terms: str) -> None:
    calls = "function.run f {\n input = {a: $input.a % 7}\n } as $r\n" * 400
    stack = f"conditional {{\n if ({terms}) {{\n return {{ value = 1 }}\n }}\n }}\n{calls}"
    source = f"function f {{\n input {{\n int a\n }}\n stack {{\n{stack}\n }}\n response = $r\n}}\n"
    made: list[ast.Module] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSRUN_CACHE", "")
        compiled = stack_functions.compile_module
        patch.setattr(stack_functions, "compile_module", lambda tree, name: made.append(tree) or compiled(tree, name))
        answers(source, [{"a": 0}])
    assert sum(1 for _ in ast.walk(made[0])) < 80 * 400
