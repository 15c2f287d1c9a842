"""Checking takes work in proportion to the text, also where everything in it is wrong.

The work is counted in calls, of Python's functions and of its built-in ones: no clock is looked at.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.diagnostics.suggest import comparing, did_you_mean, nearest
from xsrun.errors import XanoScriptError
from xsrun.running import context
from xsrun.running.secrets import NOTHING, Secrets
from xsrun.running.trace import SHOWN, Trace, beginning
from xsrun.values.conversion import to_json
from xsrun.values.extent import measure


def function(body: str) -> str:
    """A function around some statements."""
    return f"function f {{\n  input {{\n  }}\n  stack {{\n{body}  }}\n  response = null\n}}\n"


def declared(count: int) -> str:
    """As many functions, each of a name of its own."""
    return "".join(
        f"---\nfunction g{n} {{\n  input {{\n  }}\n  stack {{\n  }}\n  response = null\n}}\n" for n in range(count)
    )


def query(condition: str) -> str:
    """A query with a condition."""
    return f'db.query item {{\n  where = {condition}\n  return = {{type: "count"}}\n}} as $r\n'


#: what is wrong or long -> a text with so much of it
TEXTS = {
    "unknown variables": lambda n: function("".join(f"    var $a{i} {{ value = $b{i} }}\n" for i in range(n))),
    "unknown functions": lambda n: (
        function("".join(f"    function.run h{i} as $x{i}\n" for i in range(n))) + declared(n)
    ),
    "unknown statements": lambda n: "".join(f"db.foo{i} {{\n}}\n" for i in range(n)),
    "unknown filters": lambda n: "".join(f"var $a{i} {{ value = 1|foo{i} }}\n" for i in range(n)),
    "closing braces": lambda n: "}" * n,
    "closing braces on lines": lambda n: "}\n" * n,
    # more than a path may have
    "members": lambda n: "var $x { value = {} }\nvar $a { value = $x" + ".a" * (1000 + n) + " }\n",
    "indexes": lambda n: "var $x { value = [] }\nvar $a { value = $x" + "[0]" * (1000 + n) + " }\n",
    "additions": lambda n: "var $a { value = 1" + "+1" * n + " }\n",
    "constructs": declared,
    # fewer than the interpreter follows into one another
    "filters on a column": lambda n: query("($db.item.n" + "|add:1" * (n // 4) + ") == 3"),
    "filters on a column that need parentheses": lambda n: query("$db.item.n" + "|to_lower" * (n // 4) + " == 3"),
    "conditions of a query": lambda n: query(" && ".join(["$db.item.n > 0"] * (n // 4))),
}


def work(text: str) -> int:
    """How many calls it takes to check a text."""
    profile = cProfile.Profile()
    with profile:
        xsrun.check({"a.xs": text})
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", TEXTS)
def test_checking_grows_with_the_text(kind: str) -> None:
    make = TEXTS[kind]
    work(make(50))  # what is made once, and imported
    base = work("")
    once, twice, fourfold = (work(make(count)) - base for count in (300, 600, 1200))
    assert twice < 2.6 * once
    assert fourfold < 2.6 * twice


def wrong_tests(count: int) -> str:
    """A function with as many tests, each with a mistake."""
    tests = "".join(
        f'  test "t{n}" {{\n    expect.to_equal ($response) {{\n      vale = 1\n    }}\n  }}\n' for n in range(count)
    )
    return f"function f {{\n  input {{\n  }}\n  stack {{\n  }}\n  response = null\n{tests}}}\n"


def loading(text: str) -> int:
    """How many calls it takes to load a text and to tell what is wrong with each construct."""
    profile = cProfile.Profile()
    with profile, xsrun.Workspace.from_sources({"a.xs": text}) as workspace:
        for construct in workspace.constructs:
            construct.error()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", [declared, wrong_tests])
def test_loading_grows_with_the_text(make: Callable[[int], str]) -> None:
    loading(make(20))
    once, twice, fourfold = (loading(make(count)) for count in (100, 200, 400))
    assert twice < 2.6 * once
    assert fourfold < 2.6 * twice


def test_compiling_a_loop_grows_with_its_pushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", "")

    def calls(count: int) -> int:
        lists = "\n".join(f"var $l{number} {{ value = [] }}" for number in range(count))
        pushes = "\n".join(f"array.push $l{number} {{ value = $i }}" for number in range(count))
        with xsrun.Workspace.from_sources(
            {"a.xs": f"{lists}\nfor (2) {{ each as $i {{\n{pushes}\n}} }}\n"}
        ) as workspace:
            profile = cProfile.Profile()
            with profile:
                assert workspace.run("a").error is None
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    calls(5)  # what is made once, and imported
    assert calls(80) < 2.6 * calls(40)


def test_suggestions_end_while_loading_too() -> None:
    loading(TEXTS["unknown filters"](20))
    assert loading(TEXTS["unknown filters"](600)) < 2.5 * loading(TEXTS["unknown filters"](200))


def test_a_path_of_too_many_steps_is_an_error_at_its_place() -> None:
    source = "var $x { value = {} }\nvar $a { value = $x" + ".a" * 1_000 + ".b.c.d }\n"
    (found,) = [one for one in xsrun.check({"a.xs": source}) if one.severity == "error"]
    assert (found.code, found.line, found.column) == ("XS138", 2, 20 + 2_000)
    assert not [one for one in xsrun.check({"a.xs": source.replace(".b.c.d", "")}) if one.severity == "error"]


def test_suggestions_end_where_they_have_cost_enough() -> None:
    names = [f"name{number}" for number in range(100)]
    with comparing(250):
        assert [nearest("nome1", names), nearest("nome2", names), nearest("nome3", names)] == ["name1", "name2", None]
        assert did_you_mean("nome4", names) is None
    assert nearest("nome5", names) == "name5"


def test_constructs_that_are_equal_are_told_apart() -> None:
    twins = "function f {\n  input {\n  }\n  stack {\n  }\n  response = null\n}\n"
    assert [one.code for one in xsrun.check({"a.xs": twins * 2})].count("XS203") == 1


def test_like_does_not_go_back_and_try_again() -> None:
    """Each `%` was tried at every place of the text: six of them over 8,000 characters took more than a life."""
    variables = {"text": "ab" * 4_000, "bytes": b"\xffA"}
    assert xsrun.evaluate('$text ilike "%A%a%a%a%a%a%a%b%c"', variables) is False
    assert xsrun.evaluate('$text like "%a%a%a%a%a%a%a%_b"', variables) is True
    assert xsrun.evaluate("$bytes like '_A'", variables) is True
    assert xsrun.evaluate(r"$text like 'a\%'", variables) is False


NUMBERS = st.recursive(
    st.integers(-(2**63), 2**63 - 1) | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abcdefgh"), inner),
)


@given(NUMBERS)
def test_a_trace_shows_the_beginning_of_a_value(value: Any) -> None:
    """It looks at no more members than can be seen, and shows what the whole would show."""
    whole = to_json(value)
    assert Trace().show(value) == (whole if len(whole) <= SHOWN else whole[: SHOWN - 3] + "...")
    assert measure(beginning(value, [SHOWN])) <= SHOWN


def test_a_trace_does_not_look_at_all_of_a_large_value() -> None:
    value = [[number] for number in range(1_000)]
    assert measure(beginning(value, [SHOWN])) == SHOWN
    assert Trace().show(value) == to_json(value)[: SHOWN - 3] + "..."


@given(st.text(st.sampled_from('ab:/"é\n'), max_size=30), st.integers(0, 3 * SHOWN))
def test_a_trace_shows_the_beginning_of_a_text(text: str, length: int) -> None:
    for value in ((text * length)[:length], {"a": [(text * length)[:length], length], "b": 12.5}):
        whole = to_json(value)
        assert Trace().show(value) == (whole if len(whole) <= SHOWN else whole[: SHOWN - 3] + "...")


def test_a_trace_does_not_look_at_all_of_a_long_text() -> None:
    text = "a" * 100_000
    assert len(beginning(text, [SHOWN], NOTHING)) == SHOWN + 3
    assert len(beginning([text, text], [SHOWN], NOTHING)[0]) <= SHOWN + 3


@given(st.integers(0, 2 * SHOWN), st.integers(0, 3), st.integers(8, 2 * SHOWN))
def test_a_text_that_is_cut_shows_no_part_of_a_secret(start: int, between: int, length: int) -> None:
    trace, secret = Trace(), "Z" * length
    trace.secrets = Secrets([secret])
    text = "." * start + ("-" * between).join([secret] * 20) + "." * 5_000
    shown = trace.show({"text": text, "list": [text]})
    assert "Z" not in shown
    assert len(shown) <= SHOWN


@pytest.mark.parametrize(
    "body",
    [
        "array.shift $o as $x",
        "array.unshift $o {\n  value = 1\n}",
        "var.update $o { value = $o|slice:1 }",
        'text.prepend $t {\n  value = "a"\n}',
    ],
)
def test_work_at_the_front_of_a_long_list_is_told(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MANY", 100_000)
    start = 'var $t { value = (1..1500)|join:"x" }\nvar $o { value = (1..6000) }\n'
    for passes, told in ((5, 0), (40, 1)):
        source = f"{start}for ({passes}) {{\n  each as $i {{\n    {body}\n  }}\n}}\n"
        with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
            result = workspace.run("a")
        assert result.error is None
        assert len(result.warnings) == told, source
        assert all("moves all that is behind" in str(one) and one.line == 5 for one in result.warnings)


LONGER = """
---
function longer {
  input {
    json list
  }
  stack {
    var $all { value = $input.list }
    array.push $all { value = 1 }
  }
  response = $all
}
"""


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("var $a { value = $o }\narray.push $o { value = $i }", "array.push $o"),
        ("var $a { value = $o }\nvar.update $o { value = $o|push:$i }", "$o|push"),
        ("var $a { value = $p.o }\narray.push $p.o { value = $i }", "array.push $p.o"),
        ("var $a { value = $o }\nvar.update $o[0] { value = $i }", "$o[0]"),
        ("function.run longer {\n input = {list: $o}\n } as $o", "array.push $all"),
    ],
)
def test_copies_that_add_up_are_told(body: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MANY", 100_000)
    start = "var $o { value = (1..6000) }\nvar $p { value = {o: $o} }\n"
    for passes, told in ((5, 0), (40, 1)):
        source = function(f"{start}for ({passes}) {{\n each as $i {{\n{body}\n}}\n}}\n") + LONGER
        with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
            result = workspace.run("f")
        assert result.error is None
        assert len(result.warnings) == told, source
        for one in result.warnings:
            assert isinstance(one, XanoScriptError)
            assert "each change here copies the whole value" in str(one)
            assert one.line is not None
            assert line in source.splitlines()[one.line - 1]
