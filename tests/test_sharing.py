"""Copy on write: no program can tell that lists and objects are shared, and adding to them in a loop stays linear."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun

# Equal to deep copying -----------------------------------------------------------------------------------------------

Variables = dict[str, Any]
Operation = tuple[str, Callable[[Variables], None]]

NAMES = ("a", "b", "c")
START = {"items": [1], "map": {"list": [], "k": 0}}


def read(variables: Variables, path: str) -> Any:
    """The value of `$a.items` and the like, copied: the model shares nothing."""
    value: Any = variables
    for key in path.split("."):
        value = value[key]
    return copy.deepcopy(value)


def write(variables: Variables, path: str, value: Any) -> None:
    *way, last = path.split(".")
    container: Any = variables
    for key in way:
        container = container[key]
    container[last] = copy.deepcopy(value)


def changed(path: str, change: Callable[[Any], Any]) -> Callable[[Variables], None]:
    """An operation of the model: what is at the path becomes what `change` makes of it."""
    return lambda variables: write(variables, path, change(read(variables, path)))


names = st.sampled_from(NAMES)
lists = st.builds(lambda one, below: f"{one}.{below}", names, st.sampled_from(["items", "map.list"]))
sources = st.one_of(
    names,
    lists,
    st.builds(lambda one: f"{one}.map", names),
    st.builds(lambda one: f"{one}.map.k", names),
)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """A statement, and what it does to the variables of the model."""
    name, path, source = draw(names), draw(lists), draw(sources)
    return draw(
        st.sampled_from(
            [
                assigning(name, draw(names)),
                setting(name, source),
                pushing(path, source),
                push_filter(path, source),
                setting_by_filter(name, source),
                merging(path, draw(lists)),
                unshifting(path, source),
                popping(path),
                calling(name),
                looping(path, draw(names)),
                mapping(path, name),
                reading(path),
            ]
        )
    )


def assigning(name: str, other: str) -> Operation:
    return (
        f"var ${name} {{ value = ${other} }}",
        lambda variables: write(variables, name, read(variables, other)),
    )


def setting(name: str, source: str) -> Operation:
    return (
        f"var.update ${name}.map.k {{ value = ${source} }}",
        lambda variables: write(variables, f"{name}.map.k", read(variables, source)),
    )


def pushing(path: str, source: str) -> Operation:
    return (
        f"array.push ${path} {{ value = {{ was: ${source} }} }}",
        lambda variables: write(variables, path, [*read(variables, path), {"was": read(variables, source)}]),
    )


def push_filter(path: str, source: str) -> Operation:
    return (
        f"var.update ${path} {{ value = ${path}|push:${source}|push:1 }}",
        lambda variables: write(variables, path, [*read(variables, path), read(variables, source), 1]),
    )


def setting_by_filter(name: str, source: str) -> Operation:
    return (
        f'var ${name} {{ value = ${name}|set:"map.k":${source} }}',
        lambda variables: write(variables, f"{name}.map.k", read(variables, source)),
    )


def merging(path: str, other: str) -> Operation:
    return (
        f"array.merge ${path} {{ value = ${other} }}",
        lambda variables: write(variables, path, read(variables, path) + read(variables, other)),
    )


def unshifting(path: str, source: str) -> Operation:
    return (
        f"array.unshift ${path} {{ value = ${source} }}",
        lambda variables: write(variables, path, [read(variables, source), *read(variables, path)]),
    )


def popping(path: str) -> Operation:
    def pop(variables: Variables) -> None:
        items = read(variables, path)
        variables["popped"] = items.pop() if items else None
        write(variables, path, items)

    return f"array.pop ${path} as $popped", pop


def calling(name: str) -> Operation:
    def call(variables: Variables) -> None:
        variables["answer"] = read(variables, name)
        variables["answer"]["items"].append("called")

    return f'function.run "grow" {{ input = {{ value: ${name} }} }} as $answer', call


def looping(path: str, other: str) -> Operation:
    def loop(variables: Variables) -> None:
        for _ in read(variables, path)[:3]:
            write(variables, path, [*read(variables, path), 0])
            write(variables, f"{other}.map.list", [*read(variables, f"{other}.map.list"), 2])

    body = f"array.push ${path} {{ value = 0 }}\narray.push ${other}.map.list {{ value = 2 }}"
    return f"foreach (${path}|slice:0:3) {{\neach as $item {{\n{body}\n}}\n}}", loop


def mapping(path: str, name: str) -> Operation:
    return (
        f"var.update ${path} {{ value = ${path}|map:{{at: $index, all: ${name}.map}}|slice:0:2 }}",
        lambda variables: write(
            variables,
            path,
            [{"at": at, "all": read(variables, f"{name}.map")} for at in range(len(read(variables, path)))][:2],
        ),
    )


def reading(path: str) -> Operation:
    return (
        f"var $read {{ value = (${path}|count) + (${path}|first|is_null ? 1 : 2) }}",
        lambda variables: variables.update(
            read=len(read(variables, path)) + (1 if next(iter(read(variables, path)), None) is None else 2)
        ),
    )


GROW = """
function "grow" {
  input {
    json value
  }
  stack {
    var $mine { value = $input.value }
    array.push $mine.items { value = "called" }
  }
  response = $mine
}
"""


@settings(max_examples=120, deadline=None)
@given(st.lists(operations(), max_size=8), st.integers(1, 2))
def test_programs_agree_with_deep_copying(program: list[Operation], times: int) -> None:
    declared = "".join(f"var ${name} {{ value = {{items: [1], map: {{list: [], k: 0}}}} }}\n" for name in NAMES)
    body = "\n".join(source for source, _ in program)
    main = f"function main {{\ninput {{\n}}\nstack {{\n{declared}for ({times}) {{\neach as $i {{\n{body}\n}}\n}}\n}}\n"
    source = main + "response = {a: $a, b: $b, c: $c, popped: $popped ?? null, answer: $answer ?? null}\n}\n"

    expected: Variables = {name: copy.deepcopy(START) for name in NAMES}
    size = 0
    for _ in range(times):
        for _, run in program:
            run(expected)
            size += len(str(expected))
    if size > 200_000:  # values double when they are put into themselves
        return

    result = xsrun.Workspace.from_sources({"main.xs": source, "grow.xs": GROW}).run("main")
    assert result.error is None, source
    wanted = {name: expected[name] for name in NAMES}
    assert result.response == {**wanted, "popped": expected.get("popped"), "answer": expected.get("answer")}, source


def test_a_list_pushed_onto_itself_is_the_list_before() -> None:
    assert run("var $a { value = [1] }\narray.push $a { value = $a }") == {"a": [1, [1]]}
    assert run("var $a { value = {l: [1]} }\narray.push $a.l { value = $a }") == {"a": {"l": [1, {"l": [1]}]}}
    assert run("var $a { value = [1] }\nvar $a { value = $a|push:$a|push:$a }") == {"a": [1, [1], [1]]}
    assert run('var $a { value = {} }\nvar $a { value = $a|set:"a":$a }') == {"a": {"a": {}}}
    assert run("var $a { value = [1] }\narray.merge $a { value = $a }") == {"a": [1, 1]}


def test_a_statement_that_fails_changes_nothing() -> None:
    source = """
    var $a { value = [1] }
    var $o { value = {k: 1} }
    try_catch {
      try { array.push $a { value = 1 / 0 } }
      catch { debug.log { value = $error.message } }
    }
    try_catch {
      try { var $a { value = $a|push:2|push:(1 / 0) } }
      catch { debug.log { value = $error.message } }
    }
    try_catch {
      try { var.update $o { value = $o|set:"k":2|set:"k.x":3 } }
      catch { debug.log { value = $error.message } }
    }
    try_catch {
      try { array.push $o.k { value = 1 } }
      catch { debug.log { value = $error.message } }
    }
    """
    assert run(source) == {"a": [1], "o": {"k": 1}}


# Linear --------------------------------------------------------------------------------------------------------------

LOOPS = {
    "push": ("[]", "array.push $a { value = $i }"),
    "push of a computed value": ("[]", "array.push $a { value = {n: $i + 1, t: ($a|count)} }"),
    "push and read": ("[]", "array.push $a { value = $i }\nvar $n { value = ($a|count) + $a[$i] }"),
    "push at a path": ("{items: []}", "array.push $a.items { value = $i }"),
    "push at a path and read": ("{x: {l: []}}", "array.push $a.x.l { value = $i }\nvar $n { value = $a.x.l[$i] }"),
    "push at an index": ("[[], []]", "array.push $a[$one] { value = $i }\nvar $n { value = ($a[$one]|count) }"),
    "push by filter": ("[]", "var.update $a { value = $a|push:$i }"),
    "push by filter at a path": ("{l: []}", "var.update $a.l { value = $a.l|push:$i }"),
    "append by filter": ("[]", "var $a { value = $a|append:$i }"),
    "merge": ("[]", "array.merge $a { value = [$i] }"),
    "merge by filter": ("[]", "var $a { value = $a|merge:[$i] }"),
    "set by filter": ("{}", 'var.update $a { value = $a|set:("k" ~ $i):$i }'),
    "set by path": ("{}", "var.update $a[$i] { value = $i }\nvar.update $a.last { value = $a[$i] }"),
    "text": ('""', 'var.update $a { value = $a ~ "ab" ~ $i }'),
    "text.append": ('""', "text.append $a { value = $i }"),
    "push in a branch": (
        "[]",
        "conditional {\nif (($a|count) == $i) {\narray.push $a { value = $i }\n}\nelse {\nvar $a { value = [] }\n}\n}",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_adding_in_a_loop_is_linear(name: str) -> None:
    """Copying at each of 100,000 steps would take longer than the limit by far."""
    start, body = LOOPS[name]
    source = f"var $one {{ value = 1 }}\nvar $a {{ value = {start} }}\nfor (100000) {{\neach as $i {{\n{body}\n}}\n}}"
    limits = xsrun.Limits(seconds=5)
    result = xsrun.Workspace.from_sources({"loop.xs": source}, limits=limits).run()
    assert result.error is None


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_adding_in_a_long_loop_is_linear(name: str) -> None:
    start, body = LOOPS[name]
    source = f"var $one {{ value = 1 }}\nvar $a {{ value = {start} }}\nfor (1000000) {{\neach as $i {{\n{body}\n}}\n}}"
    result = xsrun.Workspace.from_sources({"loop.xs": source}, limits=xsrun.Limits(seconds=20)).run()
    assert result.error is None


@pytest.mark.parametrize("name", ["push", "push at a path", "push by filter", "merge", "set by filter", "text"])
def test_growth_respects_the_size_limit(name: str) -> None:
    start, body = LOOPS[name]
    source = f"var $one {{ value = 1 }}\nvar $a {{ value = {start} }}\nfor (100000) {{\neach as $i {{\n{body}\n}}\n}}"
    result = xsrun.Workspace.from_sources({"loop.xs": source}, limits=xsrun.Limits(size=20_000)).run()
    assert result.error is not None
    assert "limit is 20,000" in str(result.error)


def run(source: str) -> Any:
    result = xsrun.Workspace.from_sources({"x.xs": source}).run()
    assert result.error is None, result.error
    return result.response
