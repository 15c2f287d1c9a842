"""Programs that nest or chain more than Python can follow: they run, or an error names them; nothing crashes."""

from __future__ import annotations

import sys

import pytest

import xsrun

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
    """It is an error of the program; where calls may nest deeper it may also work, but never does the stack end."""
    before = sys.getrecursionlimit()
    source = {"deep.xs": NEST.replace("USE", use)}
    result = xsrun.Workspace.from_sources(source, limits=xsrun.Limits(depth=depth)).run("deep")
    if depth == 1_000 or result.error is not None:
        assert "nested too deep" in str(result.error)
    assert sys.getrecursionlimit() == max(before, 7_000)


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
