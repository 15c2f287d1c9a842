"""The forms in which a text may hold a program: they run, are checked and are tested as documentation alike."""

from __future__ import annotations

from pathlib import Path

import pytest

import xsrun
from xsrun import registry
from xsrun.language.constructs import RUNNABLE
from xsrun.testing.doctest.page import read_page

INPUT = "input {\n  int n\n}\n"
STACK = "stack {\n  var $a { value = 1 }\n}\n"

#: text, input, what it gives
FORMS = {
    "statements": ("var $a { value = 1 }\n", {}, {"a": 1}),
    "stack": (STACK, {}, {"a": 1}),
    "stack and response": (STACK + "response = $a + 1\n", {}, 2),
    "input and stack": (INPUT + "stack {\n  var $a { value = $input.n * 2 }\n}\n", {"n": 4}, {"a": 8}),
    "all members": (INPUT + "stack {\n  var $a { value = $input.n }\n}\nresponse = {n: $a}\n", {"n": "4"}, {"n": 4}),
    "inputs that nobody declares": ("stack {\n  var $a { value = $input.n }\n}\n", {"n": 4}, {"a": 4}),
    "statements beside a stack": ("var $b { value = 2 }\n" + STACK, {}, {"b": 2, "a": 1}),
    "a response": ("response = {a: 1}\n", {}, {"a": 1}),
    "an expression": ("[3, 1, 2]|sort\n", {}, [1, 2, 3]),
    "an expression over lines": ("// how to\n{\n  a: 1,\n  b: [2]\n}|keys\n", {}, ["a", "b"]),
    "expressions": ('1 + 2\n"a"|to_upper // => "A"\n', {}, [3, "A"]),
    "statements and expressions": ("var $n { value = 2 }\n$n * 3\n$n + 1\n", {}, [6, 3]),
    "a variable": ("var $n { value = {a: 2} }\n$n.a\n", {}, 2),
    "a call": ("math.add(5, 3)\n", {}, 8),
    "a construct": ("function f {\n  input {\n    int n\n  }\n  stack {\n  }\n  response = $input.n\n}\n", {"n": 5}, 5),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_runs_alike_cold_and_warm(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path))
    text, given, expected = FORMS[form]
    for _ in range(2):
        result = xsrun.Workspace.from_sources({"page.xs": text}).run(input=given)
        assert result.error is None
        assert result.response == expected
        assert list(tmp_path.iterdir())  # what the second round reads
    assert [one for one in xsrun.check({"page.xs": text}) if one.severity == "error"] == []


def test_declared_inputs_of_bare_members_are_validated() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": INPUT + STACK})
    assert str(workspace.run().error) == "Missing param: n"
    assert str(workspace.run(input={"n": "x"}).error) == "Value is not a valid integer"
    assert workspace.run(input={"n": 1}, variables={"b": 2}).response == {"b": 2, "a": 1}


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("1 +", "a value is missing after `+`", (1, 4)),
        ("// a sum\n(1 + 2", "`(` on line 2 is never closed", (2, 1)),
        ("stack {\n  vra $a { value = 1 }\n}\n", "there is no statement `vra`", (2, 3)),
        ("stack {\n  var $a { value = 1 }\n", "`{` of `stack {` on line 1 is never closed", (1, 7)),
    ],
)
def test_what_is_wrong_is_said_of_the_form_that_was_meant(text: str, message: str, place: tuple[int, int]) -> None:
    error = xsrun.Workspace.from_sources({"a.xs": text}).run().error
    found = xsrun.check({"a.xs": text})[0]
    assert error is not None
    assert (str(error), error.line, error.column) == (found.message, found.line, found.column)
    assert (found.message, (found.line, found.column)) == (message, place)


# Every documented program --------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for place in ("README.md", "samples", ".github", "grammar", "tests/conformance", "xsrun")
    for page in ([ROOT / place] if place.endswith(".md") else (ROOT / place).rglob("*.md"))
    if "npm" not in page.parts
)


def documented() -> dict[str, str]:
    """Every program on the repository's own pages, in its samples and in the reference of builtins, by its place.

    Without JavaScript, whose engine would start a thousand times.
    """
    found = {}
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for block in read_page(page.read_text(encoding="utf-8"), name):
            if block.is_program:
                found[f"{name}:{block.line}"] = block.text
    for file in (ROOT / "samples").rglob("*.xs"):
        found[file.relative_to(ROOT).as_posix()] = file.read_text(encoding="utf-8")
    for kind in ("statement", "filter"):
        for builtin in registry.every(kind):
            found |= {f"{builtin.name} {place}": one.source for place, one in enumerate(builtin.examples)}
    return {place: text for place, text in found.items() if "lambda" not in text}


def outcome(text: str) -> str:
    """What a program gives, or how it fails; nothing of it depends on the time."""
    limits = xsrun.Limits(steps=100_000)
    with xsrun.Workspace.from_sources({"page.xs": text}, clock=1_750_000_000_000, limits=limits) as workspace:
        workspace.sleep = lambda seconds: None
        runnable = [one for one in workspace.constructs if one.kind in RUNNABLE]
        if len(runnable) != 1:
            return repr([(one.label, [str(problem) for problem in one.problems]) for one in workspace.constructs])
        result = workspace.run(runnable[0].name if runnable[0].kind != "stack" else None, runnable[0].kind)
        return f"{result.error!r} {result.error} {result.response!r}"


def test_no_answer_depends_on_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    for number, (place, text) in enumerate(documented().items()):
        seen = []
        for cache in ("first", "second", "second"):
            monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / f"{cache}{number}"))
            seen.append(outcome(text))
        cold, again, warm = seen
        if cold == again:  # else it is random
            compared += 1
            assert warm == again, place
    assert compared > 500
