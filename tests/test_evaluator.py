"""Laws of the evaluator: whatever the text, the answer is a value or an error of the program, never of xsrun."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun.errors import InternalError

TOKENS = [
    *"()[]{}:,|.?!~+-*/%<>=",
    "==", "!=", "===", "&&", "||", "??", "?:", "++", "..", "...", "\n", " ",
    "$x", "$y.a", "$x[0]", "$input.n", "$env.A", "$auth.id", "$$", "$this", "$index", "now",
    "1", "2.5", "0", '"a"', '"5"', "'b'", "true", "false", "null", "word", "`1 + 1`",
    "|count", "|get:\"a\":1", "|map:$$ * 2", "|filter:$$ > 1", "|to_int", "|first", "|set:\"k\":1", "|join:\",\"",
    "[1, 2, 3]", "{a: 1}", "{a: {b: [1]}}", "in", "not in", "contains", "between", "!int \"5\"", "math.add(1, 2)",
]  # fmt: skip
STATEMENTS = [
    "var $x { value = EXPR }", "var.update $x.a { value = EXPR }", "var.update $x[EXPR] { value = 1 }",
    "conditional { if (EXPR) { var $y { value = 1 } } else { return { value = EXPR } } }",
    "foreach (EXPR) { each as $i { var $z { value = $i } } }", "for (EXPR) { each as $i { break } }",
    "while (EXPR) { each { break } }", "switch (EXPR) { case (EXPR) { continue } break }",
    "try_catch { try { throw { name = \"a\" value = EXPR } } catch { var $e { value = $error } } }",
    "precondition (EXPR)", "math.add $x { value = EXPR }", "array.push $x { value = EXPR }",
    "return { value = EXPR }", "group { stack { var $q { value = EXPR } } }", "debug.log { value = EXPR }",
    "array.find ($x) if (EXPR) as $f", "text.append $x { value = EXPR }", "!var $w { value = EXPR }",
]  # fmt: skip

expressions = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=8).map(" ".join)
VARIABLES = {"x": {"a": [1, 2]}, "y": {"a": "t"}}
LIMITS = xsrun.Limits(steps=2_000, size=100_000)


def is_a_proper_answer(run: Any) -> None:
    try:
        run()
    except xsrun.XanoScriptError as error:
        assert not isinstance(error, InternalError), error


@settings(max_examples=400)
@given(expressions)
def test_any_expression_gives_a_value_or_an_error(text: str) -> None:
    is_a_proper_answer(lambda: xsrun.evaluate(text, VARIABLES))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(STATEMENTS), expressions, expressions), min_size=1, max_size=4))
def test_any_statements_give_a_value_or_an_error(parts: list[tuple[str, str, str]]) -> None:
    lines = [pattern.replace("EXPR", first, 1).replace("EXPR", second) for pattern, first, second in parts]
    workspace = xsrun.Workspace.from_sources({"a.xs": "\n".join(lines)}, limits=LIMITS)
    try:
        result = workspace.run(variables=VARIABLES)
    except xsrun.XanoScriptError:
        return
    assert not isinstance(result.error, InternalError), result.error


@settings(max_examples=200)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_of_64_bits_become_decimals_beyond(left: int, right: int) -> None:
    for sign, exact in (("+", left + right), ("-", left - right), ("*", left * right)):
        result = xsrun.evaluate(f"$a {sign} $b", {"a": left, "b": right})
        if -(2**63) <= exact < 2**63:
            assert result == exact
            assert isinstance(result, int)
        else:
            assert result == float(exact)
            assert isinstance(result, float)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 - 3 - 4", -5),
        ("7 % 3", 1),
        ("-7 % 3", -1),
        ("5 / 2", 2.5),
        ("4 / 2", 2),
        ('"5" + 1', 6),
        ('"a" ~ 1 ~ null ~ true ~ 2.0', "a1true2"),
        ('1 == "1"', True),
        ("null == 0", True),
        ('null == ""', True),
        ('"" == 0', False),
        ('"a" == 0', False),
        ("0 === null", False),
        ('"10" > "9"', True),
        ('"b" > "a"', True),
        ("[1, 2] == [1, 2]", True),
        ('{a: 1, b: 2} == {b: 2, a: "1"}', True),
        ("null ?? 5", 5),
        ("0 ?? 5", 0),
        ("0 ?: 5", 5),
        ('"0" ?: 5', 5),
        ("1 || 0", True),
        ("1 && 0", False),
        ("true ? 1 : false ? 2 : 3", 1),
        ("(1..4)", [1, 2, 3, 4]),
        ("[...[1, 2], 3]", [1, 2, 3]),
        ("{...{a: 1}, b: 2}", {"a": 1, "b": 2}),
        ('{"0": "a", "1": "b"}', ["a", "b"]),
        ('{"1": "b"}', {"1": "b"}),
        ("[5, 6, 7][-1]", 7),
        ('{a: {b: [1, {c: 2}]}}.a.b[1]["c"]', 2),
        ("`1 + 1`", 2),
        ('!int "5"', 5),
        ("math.add(5, 3)", 8),
        ("$missing.a.b ?? 9", 9),
        ("!true || true", True),
        ("3 in [1, 2, 3]", True),
        ("3 not in [1, 2]", True),
        ("5 between 1:9", True),
        ("1 === 1.0", False),
        ("1 == 1.0", True),
        ('"1e3" == "1000"', True),
        ('"abc" == "ABC"', False),
    ],
)
def test_operators(expression: str, value: Any) -> None:
    result = xsrun.evaluate(expression)
    assert result == value
    assert isinstance(result, bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('"a" + 1', "Not numeric."),
        ("null + 1", "Not numeric."),
        ("now + 1", "Not numeric."),
        ("1 / 0", "Division by zero"),
        ("1 % 0", "Division by zero"),
        ("[1] ~ 2", "Variable is not text"),
        ("$x.b", "Unable to locate var: x.b"),
        ("$x.a[5]", "Unable to locate var: x.a.5"),
        ("$nothing", "Missing var entry: nothing"),
    ],
)
def test_errors(expression: str, message: str) -> None:
    with pytest.raises(xsrun.XanoScriptError, match=message):
        xsrun.evaluate(expression, {"x": {"a": [1]}})


def test_errors_point_at_the_operator_or_member() -> None:
    source = "var $x {\n  value = {a: 1}\n}\nvar $y {\n  value = 1 + $x.nope + 2\n}\n"
    error = xsrun.Workspace.from_sources({"a.xs": source}).run().error
    assert error is not None
    assert (error.line, error.column, error.end_column) == (5, 17, 22)


@pytest.mark.parametrize(("before", "read"), [("", "[$input.n, $r]"), ("var $t { value = 0 }", "[$t, $r]")])
def test_a_variable_that_no_pass_has_set(before: str, read: str) -> None:
    """Once a function is warm, Python may run two instructions as one."""
    passes = "for (30) {\n each as $i {\n conditional {\n if ($i > 99) {\n var $r { value = 1 }\n }\n }\n }\n }\n"
    stack = f"{before}\n{passes}\nvar $v {{\n value = {read}\n }}"
    source = f"function f {{\n input {{\n int n\n }}\n stack {{\n{stack}\n }}\n response = 1\n}}\n"
    error = xsrun.Workspace.from_sources({"f.xs": source}).run("f", input={"n": 1}).error
    assert error is not None
    assert str(error) == "Missing var entry: r"
    assert source.splitlines()[error.line - 1][error.column - 1 :].startswith("$r")


def test_nothing_is_evaluated_twice() -> None:
    source = (
        "function main {\n  input {\n  }\n  stack {\n    var $list { value = [3, 2, 1] }\n"
        "    var $a { value = ($list|first) + ($list|last) * ($list|count) }\n  }\n  response = $a\n}\n"
    )
    assert xsrun.Workspace.from_sources({"a.xs": source}).run("main").response == 6


def test_an_element_outside_of_a_loop_over_elements_has_no_value() -> None:
    source = "foreach ($$) {\n  each as $i {\n    var $z {\n      value = $i\n    }\n  }\n}\n"
    error = xsrun.Workspace.from_sources({"a.xs": source}).run().error
    assert error is not None
    assert str(error) == "Missing var entry: $"


def test_numbers_beyond_64_bits_are_decimals_and_count_as_the_largest_int() -> None:
    assert xsrun.evaluate("(1.5e308 % 1.7e308) / 1e308") == 1.5
    assert xsrun.evaluate("(1.5e308 % 1.7e308) * 0.1 > 1e307") is True
    for body in ("break", "var $x { value = $i }"):
        source = f"for (1e30) {{\n each as $i {{\n {body}\n }}\n}}"
        with xsrun.Workspace.from_sources({"a.xs": source}, limits=xsrun.Limits(steps=10)) as workspace:
            result = workspace.run()
        assert (result.error is None) == (body == "break") and "internal" not in str(result.error)
