"""What a run refuses while it compiles, `xsrun check` names beforehand: the same code at the same line and column."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun.errors import XanoScriptSyntaxError
from xsrun.evaluator.stack_functions import compile_stack
from xsrun.evaluator.state import CompilerState
from xsrun.language import catalogue
from xsrun.registry import demands, find_statement
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.workspace.collection import constructs_of

PACKAGE = Path(xsrun.__file__).parent

#: Statements, each of which a run refuses: with the code, and a mark before what the report points at.
REFUSED = [
    ("XS305", "@vra $x { value = 1 }"),
    ("XS307", "var @{ value = 1 }"),
    ("XS307", "var @x { value = 1 }"),
    ("XS307", "var @($x) { value = 1 }"),
    ("XS307", "var @(1) { value = 1 }"),
    ("XS307", 'math.add @"x" { value = 1 }'),
    ("XS311", "var @$input { value = 1 }"),
    ("XS311", "var.update @$input.n { value = 1 }"),
    ("XS311", "math.add @$env.n { value = 1 }"),
    ("XS311", "db.get t { field_value = 1 } as @$input.n"),
    ("XS311", "foreach ([1]) { each as @$auth { } }"),
    ("XS311", "foreach (@$input.list) { each as $x { foreach.remove } }"),
    ("XS310", "debug.log { value = 1 } as @$input"),
    ("XS307", "db.query @{ }"),
    ("XS307", "db.get @($x) { field_value = 1 }"),
    ("XS307", "function.run @{ }"),
    ("XS307", "function.run @(1) { }"),
    ("XS313", "foreach @{ each as $x { } }"),
    ("XS313", "foreach @list { each as $x { } }"),
    ("XS309", "array.filter ([1])@ as $x"),
    ("XS317", "@var $x { }"),
    ("XS317", "@var $x"),
    ("XS317", "@db.get t { }"),
    ("XS317", "@db.set_datasource { }"),
    ("XS317", "@security.encrypt { data = 1 }"),
    ("XS315", "db.get t { @value = 1 }"),
    ("XS314", "debug.log @(1)"),
    ("XS314", "return @$x"),
    ("XS212", "var $x { value = @... }"),
    ("XS212", "var $x { value = {a: 1, @...} }"),
    ("XS212", "db.query t { addon = @... }"),
    ("XS212", "db.query t { eval = [@...] }"),
    ("XS324", "@conditional { }"),
    ("XS324", "conditional { @else { } }"),
    ("XS320", "conditional { if @{ } }"),
    ("XS320", "conditional { if @go { } }"),
    ("XS320", "switch (1) { case @{ } }"),
    ("XS320", 'switch (1) { case @"a" { } }'),
    ("XS322", "foreach ([1]) { @debug.log { value = 1 } }"),
    ("XS322", '@while (true) { description = "for ever" }'),
    ("XS321", "foreach ([1]) { each @x { } }"),
    ("XS321", "for (2) { each as @$x.y { } }"),
    ("XS327", "@if (true) { }"),
    ("XS410", "@break"),
    ("XS410", "@continue"),
    ("XS410", "@foreach.remove"),
    ("XS410", "foreach ([1]) { each as $x { while (false) { each { @foreach.remove } } } }"),
    ("XS410", "while (false) { each { @foreach.remove } }"),
    ("XS324", "@expect.to_throw { }"),
    ("XS322", "expect.to_throw { @debug.log { value = 1 } }"),
    ("XS404", "var $x { value = [1]@|as:1 }"),
    ("XS405", "db.query t { where = @{a: $db.t.a} }"),
    ("XS405", "db.query t { where = @$db }"),
    ("XS405", "db.query t { where = ($db.t.a@|max) == 1 }"),
    ("XS405", "db.query t { where = ($db.t.a@|strlen) > 2 }"),
    ("XS405", "db.bulk.delete t { where = ($db.t.a@|strlen) > 2 }"),
    ("XS406", "db.query t { where = ($db.t.a@|strlne) > 2 }"),
    ("XS405", 'db.query t { eval = [@{name: "t.a", as: "b", filter: [{name: "strlen"}]}] }'),
    ("XS409", "db.query t { where = @shout($db.t.a) == 1 }"),
    ("XS408", "db.query t { where = @$db.t[$input.n] == 1 }"),
    ("XS408", "db.query t { where = @($db.t.a).b == 1 }"),
    ("XS328", "db.query t { join = @$input.n }"),
    ("XS328", "db.get t { field_value = 1\n addon = [@1] }"),
    ("XS328", "db.query t { sort = @{...$input} }"),
    ("XS331", 'db.query t { join = {u: {table: "u", type: @"outer"}} }'),
    ("XS331", "db.query t { join = {u: {table: @$input.n}} }"),
    ("XS331", 'db.query t { eval = [@{as: "b"}] }'),
    ("XS331", 'db.query t { addon = [@{as: "b"}] }'),
    ("XS331", "db.query t { addon = [{name: @$input.n}] }"),
]
AROUND = (
    "function f {{\n  input {{\n    int n?\n    int[] list?\n  }}\n  stack {{\n    {}\n  }}\n  response = null\n}}\n"
)
#: The statement that only a construct of its own kind holds.
IN_TEST = "workflow_test w {{\n  stack {{\n    {}\n  }}\n}}\n"


def program(statement: str) -> tuple[str, tuple[int, int]]:
    """A construct with the statement, and where the mark stands in it."""
    text = (IN_TEST if statement.lstrip("@").startswith("expect.") else AROUND).format(statement)
    before = text[: text.index("@")] if "@" in text else ""
    return text.replace("@", "", 1), (before.count("\n") + 1, len(before) - before.rfind("\n"))


def refused(text: str) -> tuple[str, int, int] | None:
    """The code and the place of what compiling the construct of a text refuses; None for a syntax error, too."""
    source = Source(text, "f.xs")
    parsed = parser().parse(source, "document")
    if parsed.tree is None or any(problem.severity == "error" for problem in parsed.diagnostics):
        return None
    (construct,) = constructs_of(source, parsed.tree.items)
    items, node = construct.items, construct.node
    try:
        compile_stack(items, construct.response, "f.xs", declared=construct.declared, owner=construct.key, at=node)
    except XanoScriptSyntaxError as error:
        (told,) = error.diagnostics
        return told.code, told.line, told.column
    return None


def checked(text: str) -> set[tuple[str, int, int]]:
    found = xsrun.check({"f.xs": text})
    return {(one.code, one.line, one.column) for one in found if one.severity == "error"}


@pytest.mark.parametrize(("code", "statement"), REFUSED, ids=[f"{code}-{text}" for code, text in REFUSED])
def test_check_names_what_a_run_refuses_at_the_same_place(code: str, statement: str) -> None:
    text, (line, column) = program(statement)
    assert refused(text) == (code, line, column)
    assert (code, line, column) in checked(text)


def test_a_run_shows_the_same_problem() -> None:
    text, (line, column) = program("db.get t { field_value = 1 } as @$input.n")
    error = xsrun.Workspace.from_sources({"f.xs": text}).run("f").error
    assert isinstance(error, XanoScriptSyntaxError)
    (told,) = [one for one in xsrun.check({"f.xs": text}) if one.severity == "error"]
    assert (error.line, error.column, error.message, error.hint) == (line, column, told.message, told.hint)


def calls(file: Path, names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Where a file calls what refuses: by the module and the first line."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names and not (called == "refuse" and "compiler" not in ast.unparse(node.func)):
                yield file.relative_to(PACKAGE).as_posix(), node.lineno


def test_every_place_that_refuses_has_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = set()

    def note() -> None:
        frame = sys._getframe(2)
        reached.add((Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix(), frame.f_lineno))

    def refuse(*given: Any) -> Any:
        note()
        return original(*given)

    def demand(*given: Any) -> Any:
        note()
        return made(*given)

    original, made = CompilerState.refuse, demands.Demand
    monkeypatch.setattr(CompilerState, "refuse", refuse)
    monkeypatch.setattr(demands, "Demand", demand)
    for _, statement in REFUSED:
        refused(program(statement)[0])
    places = set(calls(PACKAGE / "registry/demands.py", ("Demand",)))
    for room in ("filters", "statements"):
        for file in (PACKAGE / room).glob("*.py"):
            places |= set(calls(file, ("refuse",)))
    assert len(places) > 25
    assert sorted(places - reached) == [], "no program of the table is refused there"


HEADERS = ("", "x", "(1)", "$input.n")


@pytest.mark.parametrize("name", [one for one in catalogue.names("statement") if find_statement(one)])
def test_every_statement_without_what_it_needs(name: str) -> None:
    record = find_statement(name)
    assert record is not None
    given = "".join(f'{one.name} = "t"\n' for one in record.attributes if one.required)
    for header in HEADERS:
        for body in ("", "{ }", f"{{\n{given}}}", "{\nvalue = ...\n}", "{\nelse {\n}\n}"):
            for result in ("", " as $input.n"):
                text = AROUND.format(f"{name} {header} {body}{result}")
                found = refused(text)
                assert found is None or found in checked(text), text
