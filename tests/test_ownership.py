"""Copy on write: no program can tell that lists and objects are shared, and adding to them in a loop stays linear."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun import registry
from xsrun.evaluator.generated import linker
from xsrun.values import conversion, ownership

# Equal to deep copying -----------------------------------------------------------------------------------------------

Variables = dict[str, Any]
Operation = tuple[str, Callable[[Variables], None]]

NAMES = ("a", "b", "c")
START = {"items": [1], "map": {"list": [], "k": 0, "t": ""}, "grid": [[0, 1], [2, 3]]}
START_SOURCE = '{items: [1], map: {list: [], k: 0, t: ""}, grid: [[0, 1], [2, 3]]}'
#: Lists below a variable.
LISTS = ("items", "map.list", "grid.0", "grid.1")


def read(variables: Variables, path: str) -> Any:
    """The value of `$a.items` and the like, copied: the model shares nothing."""
    return copy.deepcopy(at(variables, path.split(".")))


def at(variables: Variables, way: list[str]) -> Any:
    value: Any = variables
    for key in way:
        value = value[int(key) if isinstance(value, list) else key]
    return value


def write(variables: Variables, path: str, value: Any) -> None:
    *way, last = path.split(".")
    container, value = at(variables, way), copy.deepcopy(value)
    if isinstance(container, list) and int(last) == len(container):
        container.append(value)
    else:
        container[int(last) if isinstance(container, list) else last] = value


def changed(path: str, change: Callable[[Any], Any]) -> Callable[[Variables], None]:
    """An operation of the model: what is at the path becomes what `change` makes of it."""
    return lambda variables: write(variables, path, change(read(variables, path)))


names = st.sampled_from(NAMES)
lists = st.builds(lambda one, below: f"{one}.{below}", names, st.sampled_from(LISTS))
sources = st.one_of(
    names,
    lists,
    st.builds(lambda one: f"{one}.map", names),
    st.builds(lambda one: f"{one}.map.k", names),
    st.builds(lambda one: f"{one}.grid", names),
    st.just("row"),
)


#: What a loop does with a list that it fills.
STEPS = {
    "push": "array.push $list { value = $n }",
    "filter": 'var.update $list { value = $list|push:$n|push:"both" }',
    "count": "array.push $list { value = $list|count }",
    "sometimes": "conditional { if ($n == 1) { array.push $list { value = 9 } } }",
    "skip": "conditional { if ($n == 1) { continue } }",
    "anew": "var.update $list { value = [$n] }",
    "keep": "array.push $PATH { value = $list }",
    "name": "var $row { value = $list }",
    "change": "array.push $row { value = $n }",
}


@st.composite
def fillings(draw: st.DrawFn) -> Operation:
    """A loop that pushes to a list, and gives the list away or not."""
    path, steps, passes = draw(lists), draw(st.lists(st.sampled_from(list(STEPS)), max_size=4)), draw(st.integers(0, 3))

    def run(variables: Variables) -> None:
        for n in range(passes):
            for step in steps:
                if step == "skip" and n == 1:
                    break
                fill(variables, step, n, path)

    body = "\n".join(STEPS[step].replace("PATH", path) for step in steps)
    return f"for ({passes}) {{\neach as $n {{\n{body}\n}}\n}}", run


def fill(variables: Variables, step: str, n: int, path: str) -> None:
    """What one step of such a loop does."""
    filled = read(variables, "list")
    if step in ("push", "filter", "count") or (step == "sometimes" and n == 1):
        added = {"push": [n], "filter": [n, "both"], "count": [len(filled)], "sometimes": [9]}
        variables["list"] = filled + added[step]
    elif step == "anew":
        variables["list"] = [n]
    elif step == "keep":
        write(variables, path, [*read(variables, path), filled])
    elif step == "name":
        variables["row"] = filled
    elif step == "change":
        variables["row"] = [*variables["row"], n]


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """A statement, and what it does to the variables of the model."""
    if draw(st.integers(0, 5)) == 0:
        return draw(fillings())
    name, other, path, source = draw(names), draw(names), draw(lists), draw(sources)
    made = draw(st.sampled_from(MAKERS))
    return made(name, other, path, source)


def assigning(name: str, other: str, _path: str, _source: str) -> Operation:
    return (
        f"var ${name} {{ value = ${other} }}",
        lambda variables: write(variables, name, read(variables, other)),
    )


def setting(name: str, _other: str, _path: str, source: str) -> Operation:
    return (
        f"var.update ${name}.map.k {{ value = ${source} }}",
        lambda variables: write(variables, f"{name}.map.k", read(variables, source)),
    )


def pushing(_name: str, _other: str, path: str, source: str) -> Operation:
    return (
        f"array.push ${path} {{ value = {{ was: ${source} }} }}",
        lambda variables: write(variables, path, [*read(variables, path), {"was": read(variables, source)}]),
    )


def push_filter(_name: str, _other: str, path: str, source: str) -> Operation:
    return (
        f"var.update ${path} {{ value = ${path}|push:${source}|push:1 }}",
        lambda variables: write(variables, path, [*read(variables, path), read(variables, source), 1]),
    )


def setting_by_filter(name: str, _other: str, _path: str, source: str) -> Operation:
    return (
        f'var ${name} {{ value = ${name}|set:"map.k":${source} }}',
        lambda variables: write(variables, f"{name}.map.k", read(variables, source)),
    )


def growing_a_text(name: str, other: str, _path: str, _source: str) -> Operation:
    def grow(variables: Variables) -> None:
        write(variables, f"{name}.map.t", read(variables, f"{name}.map.t") + "a")
        added = read(variables, f"{name}.map.t")
        write(variables, f"{other}.map.t", read(variables, f"{other}.map.t") + added)

    first = f'text.append ${name}.map.t {{ value = "a" }}'
    return f"{first}\nvar.update ${other}.map.t {{ value = ${other}.map.t ~ ${name}.map.t }}", grow


def merging(_name: str, other: str, path: str, _source: str) -> Operation:
    return (
        f"array.merge ${path} {{ value = ${other}.items }}",
        lambda variables: write(variables, path, read(variables, path) + read(variables, f"{other}.items")),
    )


def unshifting(_name: str, _other: str, path: str, source: str) -> Operation:
    return (
        f"array.unshift ${path} {{ value = ${source} }}",
        lambda variables: write(variables, path, [read(variables, source), *read(variables, path)]),
    )


def popping(_name: str, _other: str, path: str, _source: str) -> Operation:
    def pop(variables: Variables) -> None:
        items = read(variables, path)
        variables["popped"] = items.pop() if items else None
        write(variables, path, items)

    return f"array.pop ${path} as $popped", pop


def shifting(_name: str, _other: str, path: str, _source: str) -> Operation:
    def shift(variables: Variables) -> None:
        items = read(variables, path)
        variables["row"] = [items.pop(0) if items else None]
        write(variables, path, items)

    return f"array.shift ${path} as $first\nvar $row {{ value = [$first] }}", shift


def putting_back(name: str, _other: str, path: str, _source: str) -> Operation:
    """A member is taken out, put in elsewhere, and both are changed."""

    def run(variables: Variables) -> None:
        rows = read(variables, f"{name}.grid")
        row = rows.pop()
        write(variables, f"{name}.grid", [*rows, [*row, 5]])
        variables["row"] = [*row, 6]

    source = f"array.pop ${name}.grid as $row\narray.push ${name}.grid {{ value = $row }}\n"
    return source + f"array.push ${name}.grid[1] {{ value = 5 }}\narray.push $row {{ value = 6 }}", run


def calling(name: str, _other: str, _path: str, _source: str) -> Operation:
    def call(variables: Variables) -> None:
        variables["answer"] = read(variables, name)
        variables["answer"]["items"].append("called")

    return f'function.run "grow" {{ input = {{ value: ${name} }} }} as $answer', call


def calling_nested(name: str, _other: str, path: str, _source: str) -> Operation:
    """A function that returns what it was given beside what another made of it."""

    def call(variables: Variables) -> None:
        before = read(variables, name)
        after = copy.deepcopy(before)
        after["items"].append("called")
        variables["answer"] = {"before": before, "after": after}
        variables["answer"]["before"]["items"].append("mine")
        write(variables, path, [*read(variables, path), 1])

    source = f'function.run "both" {{ input = {{ value: ${name} }} }} as $answer\n'
    return source + f'array.push $answer.before.items {{ value = "mine" }}\narray.push ${path} {{ value = 1 }}', call


def given_back(_name: str, _other: str, path: str, _source: str) -> Operation:
    def run(variables: Variables) -> None:
        variables["row"] = [*read(variables, path), 2]
        write(variables, path, [*read(variables, path), 1])

    source = f'function.run "same" {{ input = {{ value: ${path} }} }} as $row\n'
    return source + f"array.push ${path} {{ value = 1 }}\narray.push $row {{ value = 2 }}", run


def into_a_path(name: str, _other: str, path: str, _source: str) -> Operation:
    def run(variables: Variables) -> None:
        write(variables, f"{name}.map.k", read(variables, path))
        write(variables, path, [*read(variables, path), 7])

    source = f'function.run "same" {{ input = {{ value: ${path} }} }} as ${name}.map.k\n'
    return source + f"array.push ${path} {{ value = 7 }}", run


def looping(_name: str, other: str, path: str, _source: str) -> Operation:
    def loop(variables: Variables) -> None:
        for _ in read(variables, path)[:3]:
            write(variables, path, [*read(variables, path), 0])
            write(variables, f"{other}.map.list", [*read(variables, f"{other}.map.list"), 2])

    body = f"array.push ${path} {{ value = 0 }}\narray.push ${other}.map.list {{ value = 2 }}"
    return f"foreach (${path}|slice:0:3) {{\neach as $item {{\n{body}\n}}\n}}", loop


def looping_over_rows(name: str, _other: str, path: str, _source: str) -> Operation:
    """The rows that a loop runs over are changed in it, and so are its variables."""

    def loop(variables: Variables) -> None:
        for row in read(variables, f"{name}.grid"):
            variables["row"] = [*row, 9]
            write(variables, f"{name}.grid.0", [*read(variables, f"{name}.grid.0"), 8])
            write(variables, path, [*read(variables, path), variables["row"]])

    body = f"array.push $row {{ value = 9 }}\narray.push ${name}.grid[0] {{ value = 8 }}\n"
    body += f"array.push ${path} {{ value = $row }}"
    return f"foreach (${name}.grid) {{\neach as $row {{\n{body}\n}}\n}}", loop


def mapping(name: str, _other: str, path: str, _source: str) -> Operation:
    return (
        f"var.update ${path} {{ value = ${path}|map:{{at: $index, all: ${name}.map}}|slice:0:2 }}",
        lambda variables: write(
            variables,
            path,
            [{"at": at, "all": read(variables, f"{name}.map")} for at in range(len(read(variables, path)))][:2],
        ),
    )


def mapping_to_parent(_name: str, _other: str, path: str, _source: str) -> Operation:
    def run(variables: Variables) -> None:
        items = read(variables, path)
        variables["row"] = [items for _ in items][:1]
        write(variables, path, [*items, 1])

    return f"var $row {{ value = ${path}|map:$parent|slice:0:1 }}\narray.push ${path} {{ value = 1 }}", run


def reading(_name: str, _other: str, path: str, _source: str) -> Operation:
    return (
        f"var $read {{ value = (${path}|count) + (${path}|first|is_null ? 1 : 2) }}",
        lambda variables: variables.update(
            read=len(read(variables, path)) + (1 if next(iter(read(variables, path)), None) is None else 2)
        ),
    )


def reading_a_row(taken: str) -> Callable[[str, str, str, str], Operation]:
    """A row of a grid is read in one of many ways and changed, and so is the grid."""

    def make(name: str, _other: str, _path: str, _source: str) -> Operation:
        def run(variables: Variables) -> None:
            variables["row"] = [*read(variables, f"{name}.grid.1"), "mine"]
            write(variables, f"{name}.grid.1.0", "theirs")

        source = f"var $row {{ value = {taken.replace('NAME', name)} }}\nvar.update ${name}.grid[1][0] {{ value = "
        return source + '"theirs" }\narray.push $row { value = "mine" }', run

    return make


def reading_a_list(taken: str) -> Callable[[str, str, str, str], Operation]:
    """A list is read in one of many ways that give what it holds, and both are changed."""

    def make(_name: str, _other: str, path: str, _source: str) -> Operation:
        def run(variables: Variables) -> None:
            variables["row"] = [*read(variables, path), "mine"]
            write(variables, path, [*read(variables, path), "theirs"])

        source = f"var $row {{ value = {taken.replace('PATH', f'${path}')} }}\n"
        return source + f'array.push ${path} {{ value = "theirs" }}\narray.push $row {{ value = "mine" }}', run

    return make


def writing_a_cell(name: str, _other: str, _path: str, source: str) -> Operation:
    return (
        f"var.update ${name}.grid[$one][0] {{ value = ${source} }}",
        lambda variables: write(variables, f"{name}.grid.1.0", read(variables, source)),
    )


def replacing_a_row(name: str, other: str, _path: str, _source: str) -> Operation:
    def run(variables: Variables) -> None:
        write(variables, f"{name}.grid.0", read(variables, f"{other}.grid.1"))
        write(variables, f"{name}.grid.0.0", 4)
        write(variables, f"{other}.grid.1.0", 3)

    source = (
        f"var.update ${name}.grid[0] {{ value = ${other}.grid[$one] }}\nvar.update ${name}.grid[0][0] {{ value = 4 }}"
    )
    return source + f"\nvar.update ${other}.grid[1][0] {{ value = 3 }}", run


def setting_a_computed_key(name: str, _other: str, _path: str, source: str) -> Operation:
    return (
        f'var.update ${name}.map {{ value = ${name}.map|set:("key" ~ $one):${source}|set:"k":1 }}',
        changed(f"{name}.map", lambda old: old) if source == "nothing" else _setting(name, source),
    )


def _setting(name: str, source: str) -> Callable[[Variables], None]:
    def run(variables: Variables) -> None:
        value = read(variables, source)
        write(variables, f"{name}.map.key1", value)
        write(variables, f"{name}.map.k", 1)

    return run


def spreading(name: str, other: str, path: str, _source: str) -> Operation:
    def run(variables: Variables) -> None:
        made = read(variables, other)
        made["map"]["k"] = read(variables, path)
        write(variables, name, made)
        write(variables, f"{name}.items", [*read(variables, f"{name}.items"), 1])

    source = f'var ${name} {{ value = {{...${other}, map: ${other}.map|set:"k":${path}}} }}\n'
    return source + f"array.push ${name}.items {{ value = 1 }}", run


def failing(_name: str, _other: str, path: str, source: str) -> Operation:
    """What was done before the statement that fails stays; that statement does nothing."""

    def run(variables: Variables) -> None:
        write(variables, path, [*read(variables, path), read(variables, source)])
        write(variables, path, [*read(variables, path), "caught"])

    body = f"array.push ${path} {{ value = ${source} }}\narray.push ${path} {{ value = $one / 0 }}"
    return f'try_catch {{\ntry {{\n{body}\n}}\ncatch {{\narray.push ${path} {{ value = "caught" }}\n}}\n}}', run


def while_counted(_name: str, other: str, path: str, _source: str) -> Operation:
    """The condition of a loop reads, in an expression over elements, what its body changes."""

    def run(variables: Variables) -> None:
        while len(read(variables, path)) < 3:
            write(variables, path, [*read(variables, path), read(variables, f"{other}.map")])

    condition = f"(${path}|map:{{all: ${path}, it: $this}}|count) < 3"
    return f"while ({condition}) {{\neach {{\narray.push ${path} {{ value = ${other}.map }}\n}}\n}}", run


def all_variables(name: str, _other: str, path: str, _source: str) -> Operation:
    def run(variables: Variables) -> None:
        variables["row"] = [*read(variables, f"{name}.items"), "mine"]
        write(variables, path, [*read(variables, path), 1])
        write(variables, f"{name}.items", [*read(variables, f"{name}.items"), 2])

    source = f'var $row {{ value = $var|get:"{name}"|get:"items" }}\narray.push ${path} {{ value = 1 }}\n'
    return source + f'array.push ${name}.items {{ value = 2 }}\narray.push $row {{ value = "mine" }}', run


MAKERS = [
    assigning,
    setting,
    growing_a_text,
    pushing,
    push_filter,
    setting_by_filter,
    merging,
    unshifting,
    popping,
    shifting,
    putting_back,
    calling,
    calling_nested,
    given_back,
    into_a_path,
    looping,
    looping_over_rows,
    mapping,
    mapping_to_parent,
    reading,
    *map(
        reading_a_row,
        (
            "$NAME.grid[1]",
            "$NAME.grid[$one]",
            "$NAME.grid|last",
            "$NAME.grid|get:1",
            '$NAME|get:"grid"|last',
            '$NAME|get:"grid.1"',
            '($NAME|get:"grid")[1]',
            "($NAME.grid|reverse)|first",
            "$NAME.grid|slice:1:1|first",
            "$NAME.grid[1] ?? []",
            "$NAME.grid.nothing ?? $NAME.grid[1]",
            "$one == 1 ? $NAME.grid[1] : []",
            "($one == 1 ? $NAME : {}).grid[1]",
            "`$NAME.grid[1]`",
            "[$NAME.grid[1]]|first",
            "{row: $NAME.grid[1]}.row",
            "$NAME.grid|filter:$index == 1|first",
            "$NAME.grid|find:$index == 1",
            "$NAME.grid|map:$$|last",
            "[1]|map:$NAME.grid[1]|first",
            "$var.NAME.grid[1]",
        ),
    ),
    *map(
        reading_a_list,
        (
            "PATH",
            "(PATH)",
            "PATH|slice:0",
            "PATH|reverse|reverse",
            "PATH|merge:[]",
            "PATH|values",
            'PATH|get:""',
            "PATH|first_notnull:[]",
            "PATH|as:kept|map:$$",
            "null ?? PATH",
            "PATH ?: [0]|slice:1",
            "[...PATH]",
            "[]|merge:PATH",
            "$one == 1 ? PATH : []",
            "PATH|map:$this",
            "PATH|filter:$index >= 0",
            "[PATH]|first",
            "[[PATH]]|first|first",
            "PATH|json_encode|json_decode",
        ),
    ),
    writing_a_cell,
    replacing_a_row,
    setting_a_computed_key,
    spreading,
    failing,
    while_counted,
    all_variables,
]


FUNCTIONS = """
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
---
function "same" {
  input {
    json value
  }
  stack {
  }
  response = $input.value
}
---
function "both" {
  input {
    json value
  }
  stack {
    function.run "same" { input = { value: $input.value } } as $before
    function.run "grow" { input = { value: $before } } as $after
  }
  response = {before: $before, after: $after}
}
"""


def compare(program: list[Operation], times: int) -> None:
    """Run a program, and the same on the model, and compare all variables."""
    declared = "".join(f"var ${name} {{ value = {START_SOURCE} }}\n" for name in NAMES)
    declared += "var $row { value = [0] }\nvar $list { value = [] }\nvar $one { value = 1 }\n"
    body = "\n".join(source for source, _ in program)
    main = f"function main {{\ninput {{\n}}\nstack {{\n{declared}for ({times}) {{\neach as $i {{\n{body}\n}}\n}}\n}}\n"
    shown = "list: $list, popped: $popped ?? null, answer: $answer ?? null"
    source = f"{main}response = {{a: $a, b: $b, c: $c, row: $row, {shown}}}\n}}\n"

    expected: Variables = {**{name: copy.deepcopy(START) for name in NAMES}, "row": [0], "list": []}
    size = 0
    try:
        for _ in range(times):
            for _, run in program:
                run(expected)
                size += len(str(expected))
                if size > 200_000:  # values double when they are put into themselves
                    return
    except (IndexError, KeyError, TypeError):
        expected = {}  # the program fails too

    result = xsrun.Workspace.from_sources({"main.xs": source, "functions.xs": FUNCTIONS}).run("main")
    if not expected:
        assert result.error is not None, source
        return
    assert result.error is None, f"{result.error}\n{source}"
    wanted = {name: expected.get(name) for name in (*NAMES, "row", "list", "popped", "answer")}
    assert result.response == wanted, source


@settings(max_examples=250)
@given(st.lists(operations(), max_size=8), st.integers(1, 2))
def test_programs_agree_with_deep_copying(program: list[Operation], times: int) -> None:
    compare(program, times)


@pytest.mark.slow
@settings(max_examples=20_000)
@given(st.lists(operations(), max_size=8), st.integers(1, 3))
def test_many_programs_agree_with_deep_copying(program: list[Operation], times: int) -> None:
    compare(program, times)


@settings(max_examples=40)
@given(st.lists(operations(), max_size=6), st.integers(1, 2))
def test_programs_agree_with_deep_copying_while_something_watches(program: list[Operation], times: int) -> None:
    """A tracer or debugger holds frames and values; what a variable owns does not depend on it."""
    frames: list[Any] = []

    def watch(frame: Any, _event: str, _argument: Any) -> Any:
        frames.append(dict(frame.f_locals))
        del frames[:-50]
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        compare(program, times)
    finally:
        sys.settrace(before)


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

#: What adds in a loop: the value that `$a` begins with, the body, and the keys from `$a` to the container that grows.
LOOPS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "push": ("[]", "array.push $a { value = $i }", ()),
    "push of a computed value": ("[]", "array.push $a { value = {n: $i + 1, t: ($a|count)} }", ()),
    "push and read": ("[]", "array.push $a { value = $i }\nvar $n { value = ($a|count) + $a[$i] }", ()),
    "push at a path": ("{items: []}", "array.push $a.items { value = $i }", ("items",)),
    "push at a path and read": (
        "{x: {l: []}}",
        "array.push $a.x.l { value = $i }\nvar $n { value = $a.x.l[$i] }",
        ("x", "l"),
    ),
    "push at an index": ("[[], []]", "array.push $a[$one] { value = $i }\nvar $n { value = ($a[$one]|count) }", (1,)),
    "push by filter": ("[]", "var.update $a { value = $a|push:$i }", ()),
    "push by filter at a path": ("{l: []}", "var.update $a.l { value = $a.l|push:$i }", ("l",)),
    "append by filter": ("[]", "var $a { value = $a|append:$i }", ()),
    "merge": ("[]", "array.merge $a { value = [$i] }", ()),
    "merge by filter": ("[]", "var $a { value = $a|merge:[$i] }", ()),
    "set by filter": ("{}", 'var.update $a { value = $a|set:("k" ~ $i):$i }', ()),
    "set by filter, read by get": (
        "{}",
        'var $k { value = "k" ~ $i }\n'
        'var.update $a { value = $a|set:$k:(($a|get:$k:0) + ($a|get:"other":{n: 1}|count)) }',
        (),
    ),
    "set below by filter": ("{x: {}}", 'var.update $a { value = $a|set:("x.k" ~ $i):$i }', ("x",)),
    "set by path": ("{}", "var.update $a[$i] { value = $i }\nvar.update $a.last { value = $a[$i] }", ()),
    "set by path of an absent variable": ("null", "var.update $a[$i] { value = $i }", ()),
    "keys of an object in an object": ("{x: {}}", 'var.update $a.x["k" ~ $i] { value = $i }', ("x",)),
    "rows of a table": ("[]", "array.push $a { value = [0, 1] }\nvar.update $a[$i][0] { value = $i }", ()),
    "rows kept": (
        "[]",
        "array.push $a { value = {n: $i} }\nvar.update $a[$i].seen { value = true }\nvar $row { value = $a[$i] }",
        (),
    ),
    "a queue that is walked": (
        "[{n: 0}]",
        "var $node { value = $a[$i] }\narray.push $a { value = {n: $node.n + 1, all: [$i]} }",
        (),
    ),
    "a stack that is looked at": (
        "{s: [{n: 0}]}",
        "var $top { value = $a.s|last }\nvar $low { value = $a.s|first }\narray.push $a.s { value = {n: $top.n + 1} }",
        ("s",),
    ),
    "push, in a loop that asks": (
        "[]",
        "conditional {\nif (($a|count) == $i && ($i == 0 || !($a|is_empty))) {\narray.push $a { value = $i }\n}\n}",
        (),
    ),
    "push in a branch": (
        "[]",
        "conditional {\nif (($a|count) == $i) {\narray.push $a { value = $i }\n}\nelse {\nvar $a { value = [] }\n}\n}",
        (),
    ),
    "push in a try": (
        "[]",
        "try_catch {\ntry {\narray.push $a { value = $i }\n}\ncatch {\nvar $a { value = [] }\n}\n}",
        (),
    ),
    "push and pop": ("[]", "array.push $a { value = $i }\narray.push $a { value = 0 }\narray.pop $a as $last", ()),
    "unset and fall back": ("[]", "array.push $a { value = $b.c ?? $i }\nvar $n { value = ($a ?? [])|count }", ()),
}
PASSES = 10_000


def looped(name: str, passes: int) -> str:
    start, body, _ = LOOPS[name]
    start_of_run = f"var $one {{ value = 1 }}\nvar $a {{ value = {start} }}\n"
    return f"{start_of_run}for ({passes}) {{\neach as $i {{\n{body}\n}}\n}}"


class Containers:
    """Watches a variable of running programs: every list and object that it held at some keys, each once."""

    def __init__(self, keys: tuple[Any, ...]) -> None:
        self.keys = keys
        self.seen: dict[int, Any] = {}  # holding them, so that no other gets the same identity

    def __call__(self, frame: Any, _event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.endswith(".xs"):
            return None
        value = frame.f_locals.get("v_a")
        for key in self.keys:
            try:
                value = value[key]
            except (IndexError, KeyError, TypeError):
                value = None
        if isinstance(value, (list, dict)):
            self.seen[id(value)] = value
        return self

    def watch(self, run: Callable[[], Any]) -> Any:
        before = sys.gettrace()
        sys.settrace(self)
        try:
            return run()
        finally:
            sys.settrace(before)


@pytest.mark.parametrize("name", LOOPS)
def test_adding_in_a_loop_copies_a_bounded_number_of_times(name: str) -> None:
    """Every copy is another object in the variable, whoever made it, generated code or a filter."""
    workspace = xsrun.Workspace.from_sources({"loop.xs": looped(name, PASSES)})
    containers = Containers(LOOPS[name][2])
    result = containers.watch(workspace.run)
    assert result.error is None
    sizes = [len(container) for container in containers.seen.values()]
    assert max(sizes) >= PASSES
    assert len(sizes) <= 4, f"{len(sizes)} containers for {PASSES} passes"


def test_a_grid_copies_each_row_once() -> None:
    source = """
    var $a { value = [] }
    for (100) { each as $i { array.push $a { value = (0..99) } } }
    for (100) { each as $i {
      for (100) { each as $j { var.update $a[$i][$j] { value = $i * $j } } }
      for (100) { each as $j { var.update $a[$j][$i] { value = $a[$j][$i] + 1 } } }
    } }
    """
    copies: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership, "copied", lambda container: copies.append(len(container)) or container.copy())
        result = xsrun.Workspace.from_sources({"grid.xs": source}).run()
    assert result.error is None
    assert len(copies) <= 102


def test_pushes_in_a_function_that_returns_the_list() -> None:
    """One copy a call where the function is given a list, none where it makes one."""
    source = """
    function "filled" {
      input { json start }
      stack {
        var $a { value = $input.start }
        for (100) { each as $i { array.push $a { value = $i } } }
      }
      response = $a
    }
    ---
    function "main" {
      input { }
      stack {
        var $given { value = [] }
        for (100) { each as $i {
          function.run "filled" { input = {start: $given} } as $given
        } }
      }
      response = $given|count
    }
    """
    workspace = xsrun.Workspace.from_sources({"filled.xs": dedent(source)})
    containers = Containers(())
    assert containers.watch(lambda: workspace.run("main")).response == 10_000
    assert len(containers.seen) <= 300


def test_members_that_were_replaced_are_not_kept() -> None:
    """What a variable owns is bounded by what it holds, however often a member is replaced and changed."""
    source = """
    var $a { value = {} }
    for (3000) { each as $i {
      var.update $a.current { value = (1..100) }
      array.push $a.current { value = $i }
    } }
    """
    owners: list[ownership.Owned] = []

    class Watched(ownership.Owned):
        __slots__ = ()

        def __init__(self, tell: Callable[[int], None] | None = None) -> None:
            super().__init__(tell)
            owners.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership, "Owned", Watched)
        patch.setitem(linker.GLOBALS, "Owned", Watched)
        assert xsrun.Workspace.from_sources({"replaced.xs": source}).run().error is None
    assert len(owners) == 1
    assert len(owners[0].members()) < 1500


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text", "text.append", "text at a path"])
def test_texts_that_grow_in_a_loop_are_linear(name: str) -> None:
    """Copying 600 kB at each of 300,000 steps would take far longer than the limit."""
    body = {
        "text": 'var.update $a { value = $a ~ "ab" ~ $i }',
        "text.append": "text.append $a { value = $i }",
        "text at a path": "text.append $o.rows[0].t { value = $i }",
    }[name]
    start = 'var $a { value = "" }\nvar $o { value = {rows: [{t: ""}]} }\n'
    source = f"{start}for (300000) {{\neach as $i {{\n{body}\n}}\n}}"
    result = xsrun.Workspace.from_sources({"loop.xs": source}, limits=xsrun.Limits(seconds=5)).run()
    assert result.error is None


# What builtins say of their results ----------------------------------------------------------------------------------

trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "k", "a.b", "[0]", "*", "$"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["a", "k", "b"]), inner)),
    max_leaves=12,
)


def containers_in(value: Any) -> list[Any]:
    """A list or object and all below it."""
    if not isinstance(value, (list, dict)):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(one for member in inner for one in containers_in(member))]


def called(record: registry.Builtin, arguments: list[Any]) -> Any:
    """What a filter gives, or None where it refuses what it is given."""
    converted = [
        argument if converter is None else converter(argument)
        for argument, converter in zip(arguments, (CONVERTERS.get(one.type) for one in record.parameters), strict=False)
    ]
    return record.function(*converted)


CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "text": conversion.as_text,
    "int": conversion.as_int,
    "number": conversion.as_number,
    "bool": conversion.as_bool,
    "list": conversion.as_list,
    "object": conversion.as_object,
    "array": conversion.as_array,
}
MARKED = [record for record in registry.every("filter") if record.gives is not None]
SCALAR = [
    record
    for record in registry.every("filter")
    if not record.form and record.gives_scalar and not record.wants_context and not record.wants_environment
]


@given(st.sampled_from(MARKED), trees, trees)
def test_filters_give_of_the_piped_value_what_they_say(record: registry.Builtin, piped: Any, argument: Any) -> None:
    needed = sum(one.required for one in record.parameters)
    try:
        result = called(record, [piped, argument][: max(needed, 1)])
    except xsrun.XanoScriptError:
        return
    members = containers_in(piped)[1:]
    if record.gives == "member":
        direct = piped.values() if isinstance(piped, dict) else piped if isinstance(piped, list) else []
        given = {id(one) for one in containers_in(result)}
        taken = any(result is one for one in direct)
        assert taken or not given & {id(one) for one in containers_in(piped)}
    else:
        assert (
            result is piped
            or any(result is one for one in members)
            or not any(one is piped for one in containers_in(result))
        )


@given(st.sampled_from(SCALAR), st.lists(trees, min_size=5, max_size=5))
def test_filters_that_say_so_give_a_scalar(record: registry.Builtin, arguments: list[Any]) -> None:
    needed = sum(one.required for one in record.parameters)
    try:
        result = called(record, arguments[:needed])
    except (xsrun.XanoScriptError, ModuleNotFoundError):
        return
    assert not isinstance(result, (list, dict))


# Parts of programs that run later or elsewhere -----------------------------------------------------------------------


def test_variables_given_to_a_lambda_or_kept_for_later_are_not_changed_afterwards() -> None:
    source = """
    function main {
      input { }
      stack {
        var $a { value = {l: [1]} }
        array.push $a.l { value = 2 }
        util.post_process {
          stack {
            array.push $a.l { value = 4 }
            debug.log { value = $a.l }
            debug.log { value = $body }
          }
        }
        array.push $a.l { value = 3 }
      }
      response = $a
    }
    """
    result = xsrun.Workspace.from_sources({"later.xs": source}).run("main")
    assert result.response == {"l": [1, 2, 3]}
    assert [log.value for log in result.logs] == [[1, 2, 4], {"l": [1, 2, 3]}]


def test_inputs_that_middleware_changes_are_its_own() -> None:
    source = """
    middleware "adds" {
      input {
        json vars
        enum type { values = ["pre", "post"] }
      }
      stack {
        var $mine { value = $input.vars }
        array.push $mine.list { value = "added" }
      }
      response = $mine
      response_strategy = "replace"
      exception_policy = "rethrow"
    }
    ---
    function "seen" {
      input { json list }
      stack {
        var $copy { value = $input.list }
        array.push $copy { value = "mine" }
      }
      response = {list: $input.list, copy: $copy}
      middleware = { pre: [{name: "adds"}] }
    }
    ---
    function "main" {
      input { }
      stack {
        var $list { value = [1] }
        array.push $list { value = 2 }
        function.run "seen" { input = {list: $list} } as $r
        array.push $list { value = 3 }
      }
      response = {list: $list, r: $r}
    }
    """
    result = xsrun.Workspace.from_sources({"adds.xs": dedent(source)}).run("main")
    assert result.error is None, result.error
    assert result.response == {
        "list": [1, 2, 3],
        "r": {"list": [1, 2, "added"], "copy": [1, 2, "added", "mine"]},
    }


def test_stacks_with_variables_of_their_own() -> None:
    source = """
    var $a { value = [1] }
    array.push $a { value = 2 }
    group {
      stack {
        array.push $a { value = 3 }
      }
    }
    array.push $a { value = 4 }
    """
    assert run(source) == {"a": [1, 2, 3, 4]}


def test_the_caller_of_a_function_keeps_its_variable() -> None:
    """The smallest program that reference counts get wrong since CPython 3.14."""
    source = """
    function "main" {
      input { }
      stack {
        var $a { value = {items: [1]} }
        function.run "grow" { input = {value: $a} } as $r
        function.run "grow" { input = {value: $a} } as $r
      }
      response = $a
    }
    """
    workspace = xsrun.Workspace.from_sources({"main.xs": source, "functions.xs": FUNCTIONS})
    assert workspace.run("main").response == {"items": [1]}


@pytest.mark.parametrize("name", ["push", "push at a path", "push by filter", "merge", "set by filter"])
def test_growth_respects_the_size_limit(name: str) -> None:
    result = xsrun.Workspace.from_sources({"loop.xs": looped(name, 100_000)}, limits=xsrun.Limits(size=20_000)).run()
    assert result.error is not None
    assert "limit is 20,000" in str(result.error)


def run(source: str) -> Any:
    result = xsrun.Workspace.from_sources({"x.xs": source}).run()
    assert result.error is None, result.error
    return result.response
