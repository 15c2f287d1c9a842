"""Programs that nest or chain more than Python can follow: they run, or an error names them; nothing crashes."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.errors import InternalError, LimitError
from xsrun.values.comparison import compare, loose_equal, strict_equal
from xsrun.values.extent import MAX_DEPTH, MOST_MEMBERS, check_extent, measure

NESTED = {
    "for": ("for (1) {\neach as $i {\n", "} }\n"),
    "while": ("while ($x == 0) {\neach {\n", "} }\n"),
    "conditional": ("conditional {\nif (true) {\n", "} }\n"),
    "try_catch": ("try_catch {\ntry {\n", "} }\n"),
}
CHAINED = {"~": ' ~ "b"', "+": " + 1", "&&": " && true", "filters": "|add:1", "??": " ?? 1", "choices": " ? 1 : 1"}


def variables(source: str) -> xsrun.Result:
    workspace = xsrun.Workspace.from_sources({"deep.xs": source})
    return workspace.run("deep")


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("depth", [15, 60])
def test_nested_blocks(kind: str, depth: int) -> None:
    opening, closing = NESTED[kind]
    source = "var $x { value = 0 }\n" + opening * depth + "var.update $x { value = 1 }\n" + closing * depth
    result = variables(source)
    if depth == 60 and kind in ("for", "while"):  # Python compiles no more than 20 loops inside one another
        assert result.error is not None
        assert "nested too deeply" in str(result.error)
        assert result.error.line is not None
    else:
        assert result.error is None
        assert result.response["x"] == 1


CAUGHT = ("try_catch {\ntry {\nvar $y { value = $nothing }\n}\ncatch {\n", "} }\n")
FINALLY = ("try_catch {\ntry {\n", "}\nfinally {\nvar $z { value = 1 } } }\n")
READING = "for (3) {\neach as $i {\nvar.update $x { value = $x + $l[$i] } } }\n"


@pytest.mark.parametrize(
    ("around", "depth"), [(NESTED["try_catch"], 18), (CAUGHT, 8), (FINALLY, 8), (NESTED["for"], 6)]
)
def test_reading_positions_takes_no_block_that_nothing_is_left_for(around: tuple[str, str], depth: int) -> None:
    source = f"var $x {{ value = 0 }}\nvar $l {{ value = [1, 2, 3] }}\n{around[0] * depth}{READING}{around[1] * depth}"
    result = variables(source)
    assert result.error is None and result.variables["x"] == 6


@pytest.mark.parametrize("around", [CAUGHT, FINALLY])
def test_catches_and_ends_that_python_cannot_compile_are_told(around: tuple[str, str]) -> None:
    error = variables(
        f"var $x {{ value = 0 }}\nvar $l {{ value = [1] }}\n{around[0] * 30}{READING}{around[1] * 30}"
    ).error
    assert isinstance(error, LimitError) and "nested too deeply" in str(error) and error.line is not None


@pytest.mark.parametrize("kind", CHAINED)
@pytest.mark.parametrize("count", [260, 5_000])
def test_long_chains(kind: str, count: int) -> None:
    result = variables("var $x { value = 1" + CHAINED[kind] * count + " }\n")
    if result.error is not None:
        assert count == 5_000
        assert "nested too deeply" in str(result.error)
        assert result.error.file == "deep.xs"


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("depth", [19, 20, 21, 40])
def test_check_agrees_with_run(kind: str, depth: int) -> None:
    opening, closing = NESTED[kind]
    body = "var $x { value = 0 }\n" + opening * depth + "var.update $x { value = 1 }\n" + closing * depth
    for source in (body, f"function deep {{\n  input {{\n  }}\n  stack {{\n{body}  }}\n  response = null\n}}\n"):
        error = variables(source).error
        found = [one for one in xsrun.check({"deep.xs": source}) if one.severity == "error"]
        if error is None:
            assert found == []
        else:
            (one,) = found
            assert (one.code, one.message, one.hint) == ("XS329", str(error), error.hint)
            assert (one.file, one.line, one.column) == (error.file, error.line, error.column)


NEST = """var $a { value = [] }
var $b { value = [] }
for (50000) {
  each as $i {
    var.update $a { value = [$a] }
    var.update $b { value = [$b] }
  }
}
var $found { value = USE }
var.update $a { value = null }
var.update $b { value = null }
"""


@pytest.mark.parametrize("depth", [1_000, 10_000, None])
@pytest.mark.parametrize("use", ["[$a]|unique", "$a == $b", "$a|json_encode", '$a|set:"x":1', "[$a]|in:$b"])
def test_a_value_deeper_than_python_can_follow(use: str, depth: int | None) -> None:
    """It is an error of the program where it is walked; comparing needs no depth. Never does the stack end."""
    before = sys.getrecursionlimit()
    source = {"deep.xs": NEST.replace("USE", use)}
    result = xsrun.Workspace.from_sources(source, limits=xsrun.Limits(depth=depth)).run("deep")
    if "$b" in use:
        assert (result.error, result.response["found"]) == (None, True)
    elif depth == 1_000 or result.error is not None:
        assert "nested too deep" in str(result.error)
    assert sys.getrecursionlimit() in (before, 7_000)  # not what the depth needed


def test_calls_deeper_than_usual() -> None:
    source = """function "down" {
  input {
    int n
  }
  stack {
    conditional {
      if ($input.n == 0) {
        return {
          value = "the bottom"
        }
      }
    }
    function.run "down" {
      input = {n: $input.n - 1}
    } as $found
  }
  response = $found
}
"""
    workspace = xsrun.Workspace.from_sources({"down.xs": source}, limits=xsrun.Limits(depth=9_000, steps=None))
    assert workspace.run("down", input={"n": 8_900}).response == "the bottom"
    stopped = workspace.run("down", input={"n": 9_100})
    assert str(stopped.error) == "Calls are nested more than 9,000 deep."


# Shared members ------------------------------------------------------------------------------------------------------

SHARED = """var $a { value = [1] }
var $b { value = [1] }
var $o { value = {k: 1} }
var $p { value = {k: 1} }
for (40) {
  each as $i {
    var.update $a { value = [$a, $a] }
    var.update $b { value = [$b, $b] }
    var.update $o { value = {k: $o, l: $o} }
    var.update $p { value = {k: $p, l: $p} }
  }
}
USE
var.update $a { value = null }
var.update $b { value = null }
var.update $o { value = null }
var.update $p { value = null }
var $r { value = null }
var $x { value = null }
"""
DEEP = SHARED.replace("for (40)", "for (3000)")
for pair, one in (("[$a, $a]", "[$a]"), ("[$b, $b]", "[$b]"), ("k: $o, l: $o", "k: $o"), ("k: $p, l: $p", "k: $p")):
    DEEP = DEEP.replace(pair, one)

#: what goes through all of a value
SINKS = [
    "debug.log { value = $a }",
    "debug.stop { value = $a }",
    'throw {\n  name = "x"\n  value = $a\n}',
    "precondition (false) {\n  payload = $a\n}",
    'api.request {\n  url = "http://127.0.0.1:1/"\n  method = "POST"\n  params = $a\n} as $r',
    'api.request {\n  url = "http://127.0.0.1:1/"\n  method = "GET"\n  params = $o\n} as $r',
    "db.add things {\n  data = {id: 1, a: $a}\n} as $r",
    'redis.set {\n  key = "k"\n  data = $a\n}',
    'security.jws_encode {\n  key = "k"\n  claims = {a: $a}\n  signature_algorithm = "HS256"\n} as $r',
    "var $r { value = $a|json_encode }",
    "var $r { value = $a|yaml_encode }",
    "var $r { value = [$a]|csv_encode:\",\":'\"':'\"' }",
    "var $r { value = $a|flatten }",
    "var $r { value = $a|unique }",
    "var $r { value = [$a, $b]|unique }",
    "var $r { value = [$a]|diff:[$b] }",
    "var $r { value = [$a, $b]|sort }",
    "var $r { value = $o|merge_recursive:$p }",
    "var $r { value = $a == $b }",
    "var $r { value = $o === $p }",
    "var $r { value = $a < $b }",
    "var $r { value = $o <= $p }",
    "var $r { value = $a in [$b] }",
    "var $r { value = [$o]|contains:$p }",
    "var $r { value = [$a]|findIndex:$this == $b }",
]


@pytest.mark.parametrize("use", SINKS)
@pytest.mark.parametrize(
    ("values", "trace"), [(SHARED, False), (SHARED, True), (DEEP, False)], ids=["shared", "traced", "deep"]
)
def test_a_value_that_is_small_and_reaches_far(values: str, trace: bool, use: str) -> None:
    """Each use ends with a result or an error of the program, and not because its time or memory was over."""
    workspace = xsrun.Workspace.from_sources({"far.xs": values.replace("USE", use)})
    error = workspace.run("far", trace=trace).error
    if error is not None:
        assert not isinstance(error, InternalError)
        assert "limit of" not in str(error)
        assert error.line is not None


def test_how_far_a_value_reaches() -> None:
    shared: list[Any] = [1]
    for _ in range(40):
        shared = [shared, shared]
    assert measure(shared, 1 << 60) == 2**41 - 2 + 2**40
    assert measure(shared) > MOST_MEMBERS
    assert measure([1, [2, {"a": [3, 4]}], "text"]) == 3 + 2 + 1 + 2
    assert measure("text") == measure(None) == 0
    deep: list[Any] = []
    for _ in range(MAX_DEPTH):
        assert measure(deep) >= 0
        deep = [deep]
    with pytest.raises(LimitError, match="nested too deeply"):
        check_extent(deep)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.5, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@given(plain, plain)
def test_values_are_compared_member_by_member(left: Any, right: Any) -> None:
    def same(one: Any, two: Any) -> bool:
        if one.__class__ is two.__class__ is list:
            return len(one) == len(two) and all(map(same, one, two))
        if one.__class__ is two.__class__ is dict:
            return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
        return loose_equal(one, two)

    assert loose_equal(left, right) is same(left, right)
    assert loose_equal(left, copy.deepcopy(left))
    assert compare(left, copy.deepcopy(left)) == 0
    assert strict_equal(left, right) is (repr(left) == repr(right) or (left == right and _typed(left) == _typed(right)))


def _typed(value: Any) -> Any:
    if value.__class__ is list:
        return [_typed(item) for item in value]
    if value.__class__ is dict:
        return {key: _typed(item) for key, item in value.items()}
    return value.__class__


VALUES = st.recursive(
    st.none() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.builds(
            lambda row, count: [row] * count, st.dictionaries(st.sampled_from("abc"), inner), st.integers(17, 40)
        )
    ),
    max_leaves=8,
)


@given(VALUES)
def test_members_are_counted_as_often_as_they_are_met(value: Any) -> None:
    def walked(one: Any) -> int:
        items = one.values() if isinstance(one, dict) else one if isinstance(one, list) else None
        return 0 if items is None else len(items) + sum(map(walked, items))

    assert measure(value) == walked(value)
