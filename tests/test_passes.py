"""How many passes of loops run before the limit of steps, whichever way they are counted."""

from __future__ import annotations

import pytest

import xsrun

#: A body that notes each pass in a log; what may leave a loop is counted pass by pass, the rest in advance.
NOTE = 'debug.log { value = "pass" }'
#: In such a loop a piece of the passes is a loop of its own.
PUSH = f"{NOTE}\narray.push $list {{ value = 1 }}"
LEAVE = f"{NOTE}\nconditional {{ if (false) {{ break }} }}"
LOOPS = {
    "for": "for (N) {\n each as $i {\n BODY\n }\n}",
    "foreach": "foreach (1..N) {\n each as $i {\n BODY\n }\n}",
    "stream": "foreach ($rows) {\n each as $i {\n BODY\n }\n}",
    "while": "var $n { value = 0 }\nwhile ($n < N) {\n each {\n math.add $n { value = 1 }\n BODY\n }\n}",
    "for in while": "while (true) {\n each {\n for (7) {\n each as $i {\n BODY\n }\n }\n }\n}",
    "while in for": "for (N) {\n each as $i {\n while (true) {\n each {\n BODY\n break\n }\n }\n }\n}",
}
STREAM = 'var $text { value = (1..N)|join:"\\n" }\nstream.from_jsonl { value = $text\n } as $rows\n'


def passes(loop: str, body: str, count: int, limit: int) -> tuple[int, xsrun.XanoScriptError | None]:
    """How many passes a loop of so many makes under a limit of steps, and what ended it."""
    before = "var $list { value = [] }\n" + (STREAM if loop == "stream" else "")
    text = (before + LOOPS[loop]).replace("BODY", body).replace("N)", f"{count})").replace("< N", f"< {count}")
    source = f"function f {{\n input {{\n }}\n stack {{\n{text}\n }}\n response = 1\n}}\n"
    with xsrun.Workspace.from_sources({"f.xs": source}, limits=xsrun.Limits(steps=limit)) as workspace:
        result = workspace.run("f")
    return len(result.logs), result.error


@pytest.mark.parametrize("body", [NOTE, PUSH, LEAVE])
@pytest.mark.parametrize("limit", [5, 499, 501, 1500, 2600])
@pytest.mark.parametrize("loop", ["for", "foreach", "stream", "while"])
def test_a_loop_ends_at_the_limit(loop: str, limit: int, body: str) -> None:
    made, error = passes(loop, body, 3000, limit)
    assert error is not None and "infinite loop" in error.message
    assert limit - 2 <= made <= limit + limit // 1000 + 1


@pytest.mark.parametrize("body", [NOTE, PUSH, LEAVE])
@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 999, 1000, 1001, 2500])
@pytest.mark.parametrize("loop", ["for", "foreach", "stream", "while", "while in for"])
def test_a_loop_within_the_limit_makes_all_its_passes(loop: str, count: int, body: str) -> None:
    if loop in ("foreach", "stream") and count == 0:
        count = 1  # `1..0` counts down
    assert passes(loop, body, count, 20_000) == (count, None)


@pytest.mark.parametrize("body", [NOTE, PUSH, LEAVE])
def test_loops_without_end_end(body: str) -> None:
    made, error = passes("for in while", body, 0, 4000)
    assert error is not None and "infinite loop" in error.message
    assert 3000 <= made <= 4100


def test_errors_that_are_caught_do_not_use_up_the_limit() -> None:
    source = """function f {
      input {
      }
      stack {
        var $caught { value = 0 }
        for (3000) {
          each as $i {
            try_catch {
              try {
                for (400) {
                  each as $j {
                    throw { name = "x" value = "y" }
                  }
                }
              }
              catch {
                math.add $caught { value = 1 }
              }
            }
          }
        }
      }
      response = $caught
    }"""
    with xsrun.Workspace.from_sources({"f.xs": source}) as workspace:
        assert workspace.run("f").response == 3000


def response(stack: str, **limits: int) -> xsrun.Result:
    source = f"function f {{\n input {{\n }}\n stack {{\n{stack}\n }}\n response = $list\n}}\n"
    with xsrun.Workspace.from_sources({"f.xs": source}, limits=xsrun.Limits(**limits)) as workspace:
        return workspace.run("f")


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("foreach ([[1], [2]]) {\n each as $list {\n array.push $list { value = 9 }\n }\n}", [2, 9]),
        ("for (0) {\n each as $i {\n array.push $list { value = $i }\n }\n}", []),
        ("foreach ($list) {\n each as $i {\n array.push $list { value = $i }\n }\n}", []),
        ("for (2) {\n each as $i {\n array.push $list { value = $list|count }\n continue\n }\n}", [0, 1]),
        (
            "for (2) {\n each as $i {\n var $old { value = $list }\n array.push $list { value = $old }\n }\n}",
            [[], [[]]],
        ),
        ("for (3) {\n each as $i {\n var $list { value = [] }\n array.push $list { value = $i }\n }\n}", [2]),
    ],
)
def test_pushes_in_a_loop_that_does_more_with_the_list(loop: str, expected: list[object]) -> None:
    result = response(f"var $list {{ value = [] }}\n{loop}")
    assert (result.error, result.response) == (None, expected)


def test_a_list_that_only_loops_fill_keeps_to_the_size_limit() -> None:
    """Each loop is shorter than what is counted in advance."""
    inner = "for (300) {\n each as $j {\n array.push $list { value = 0 }\n }\n}"
    result = response(f"var $list {{ value = [] }}\nfor (100) {{\n each as $i {{\n{inner}\n }}\n}}", size=1_000)
    assert result.error is not None and "1,200 characters or members" in result.error.message
    assert result.error.line == 10  # of the push
