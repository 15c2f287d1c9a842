"""Statements to Python statements.

Statement forms (`xsrun.statements`) are called with a `Compiler` and the node, and leave code with `emit`.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterable

from xsrun import registry
from xsrun.evaluator.builtin_calls import convert
from xsrun.evaluator.changes import owners_defined
from xsrun.evaluator.kinds import ANY, BOOL, CONTAINER, INT, NUMBER, TEXT
from xsrun.evaluator.quasiquote import (
    assign,
    call,
    constant,
    expression,
    name,
    place,
    statement_position,
    statements,
)
from xsrun.evaluator.state import CompilerState
from xsrun.evaluator.storing import bind, bind_result, note_assigned, store
from xsrun.evaluator.variables import program_environment
from xsrun.fields.declared import Declared
from xsrun.language import catalogue
from xsrun.names.bindings import changeable_variables
from xsrun.names.places import root_of
from xsrun.registry import Builtin, demands
from xsrun.syntax.nodes import (
    Body,
    Expression,
    Literal,
    Located,
    Node,
    ObjectLiteral,
    Path,
    Statement,
    Variable,
)


def block(state: CompilerState, body: Body | None, at: Located) -> list[ast.stmt]:
    """The statements of a body as Python statements; never empty."""
    with state.collecting() as code:
        compile_statements(state, body.items if body else [])
        if not code:
            state.emit(place(ast.Pass(), at))
    return code


def compile_statements(state: CompilerState, items: Iterable[Node]) -> None:
    """Compile statements one after another. Attributes among them (`description`) do nothing here."""
    with state.narrowing():
        for item in items:
            if isinstance(item, Statement):
                compile_statement(state, item)


# One statement -------------------------------------------------------------------------------------------------


def compile_statement(state: CompilerState, node: Statement) -> None:
    if node.disabled or is_true(node.attribute("disabled")):
        return
    state.scope.restart_temporaries()
    if state.trace:
        traced(state, node)
    else:
        carry_out(state, node)


def carry_out(state: CompilerState, node: Statement) -> None:
    """The statement, or what a test has in its place."""
    mocks = mocks_of(state, node)
    if mocks:
        mocked(state, node, mocks)
    else:
        dispatch(state, node)


def dispatch(state: CompilerState, node: Statement) -> None:
    record = registry.find_statement(node.name)
    if record is None:
        without_implementation(state, node)
        return
    state.demand(demands.unmet(node))
    if record.form:
        record.function(state, node)
    else:
        value_statement(state, record, node)


def without_implementation(state: CompilerState, node: Statement) -> None:
    from xsrun.diagnostics.suggest import nearest

    if catalogue.entry("statement", node.name) is None:
        close = nearest(node.name, catalogue.names("statement"))
        hint = f"did you mean `{close}`?" if close else None
        raise state.refuse("XS305", f"unknown statement `{node.name}`", statement_position(node), hint)
    state.emit(
        statements(
            "raise_unavailable(NAME)", statement_position(node), NAME=constant(node.name, statement_position(node))
        )
    )
    if node.result is not None:
        note_assigned(state, node.result)


def value_statement(state: CompilerState, record: Builtin, node: Statement) -> None:
    """A statement that is a Python function of its attributes."""
    at = statement_position(node)
    keywords = keyword_arguments(state, record, node)
    if record.updates:
        updating_statement(state, record, node, keywords)
        return
    if any(parameter.name == "target" for parameter in record.parameters):
        keywords["target"] = state.value(target(state, node))
    made = builtin_keywords(state, record, keywords, at)
    bind_result(state, node, made)


def builtin_keywords(state: CompilerState, record: Builtin, keywords: dict[str, ast.expr], at: Located) -> ast.expr:
    spelled = {f"{key}_" if keyword.iskeyword(key) else key: value for key, value in keywords.items()}
    first = [name("context", at)] if record.wants_context else []
    if record.wants_environment:
        spelled[registry.ENVIRONMENT] = program_environment(state, at)
    return call(state.linker.builtin(record), at, *first, **spelled)


def updating_statement(state: CompilerState, record: Builtin, node: Statement, keywords: dict[str, ast.expr]) -> None:
    """A statement that gives the variable in its header a new value, made of the one it has."""
    at = statement_position(node)
    header = target(state, node)
    keywords["target"] = state.value(header)
    store(state, header, builtin_keywords(state, record, keywords, at), at)


def keyword_arguments(state: CompilerState, record: Builtin, node: Statement) -> dict[str, ast.expr]:
    given = {item.name: item for item in node.attributes() if not item.disabled}
    found = {}
    for parameter in record.attributes:
        item = given.get(parameter.name)
        if item is None:
            continue
        if parameter.type == "text" and not parameter.takes_bytes:
            parameter = parameter._replace(type="utf8")
        found[parameter.name] = convert(state, state.value(item.value), parameter, item.value)
    return found


def attribute(state: CompilerState, node: Statement, attribute: str) -> Expression | None:
    """The value node of an attribute."""
    return node.attribute(attribute)


def needed(state: CompilerState, node: Statement, attribute: str) -> Expression:
    """The value node of an attribute that must be there."""
    value = node.attribute(attribute)
    if value is None:
        state.demand(demands.lacking_attribute(node, attribute))
    assert value is not None
    return value


def target(state: CompilerState, node: Statement) -> Expression:
    """The header of a statement, which must be an expression."""
    assert isinstance(node.target, Expression), node.name
    return node.target


# Inputs of direct calls ----------------------------------------------------------------------------------------

_UNCHANGED = {"int": INT, "text": TEXT, "bool": BOOL, "json": NUMBER | BOOL | CONTAINER}


def binds_unchanged(state: CompilerState, declared: Declared, value: Expression | None, inherited: bool) -> bool:
    """Does a callee's input surely take a value as it is? The caller's own input of that name when none is given."""
    kind = ANY
    if value is not None:
        kind = state.kinds.of(value)
    elif inherited:
        kind = state.kinds.inputs.get(declared.name, ANY)
    classes = _UNCHANGED.get(declared.plain_type, 0)
    return kind.within(classes) and not (declared.required and declared.plain_type == "text")


# Mocks and traces ----------------------------------------------------------------------------------------------


def mocks_of(state: CompilerState, node: Statement) -> dict[str, Expression]:
    """Test name -> value of the statement's mocks, from the attribute or the older blocks (language 5.1)."""
    found: dict[str, Expression] = {}
    value = node.attribute("mock")
    if isinstance(value, ObjectLiteral):
        for entry in value.entries:
            key = getattr(entry, "key", None)
            if key is not None and not getattr(entry, "disabled", False):
                found[key] = entry.value
    for block in node.blocks("mock"):
        mocked = block.attribute("value")
        if block.label is not None and mocked is not None:
            found[block.label] = mocked
    return found


def mocked(state: CompilerState, node: Statement, mocks: dict[str, Expression]) -> None:
    """The statement, or in a test of that name of the same construct its mock (semantics 1.8)."""
    at = statement_position(node)
    with state.collecting() as plain, state.scope.maybe(), state.narrowing():
        dispatch(state, node)
        assigned = set(state.scope.assigned)
    target = node.result or (node.target if isinstance(node.target, (Variable, Path)) else None)
    test = state.scope.fresh()
    state.emit(assign(test, call("mocked_test", at, name("context", at), constant(tuple(state.owner), at)), at))
    chain = plain or [place(ast.Pass(), at)]
    for test_name, value in reversed(mocks.items()):
        with state.collecting() as code, state.scope.maybe():
            if target is not None:
                bind(state, target, state.value(value), value)
            else:
                state.emit(place(ast.Pass(), at))
        condition = expression("T == N", at, T=test, N=constant(test_name, at))
        chain = [place(ast.If(condition, code, chain), at)]
    state.emit(chain)
    state.scope.assigned |= assigned


def traced(state: CompilerState, node: Statement) -> None:
    """The statement with its time and value recorded (semantics: --trace)."""
    at = statement_position(node)
    started = state.scope.fresh()
    label, line = constant(describe_statement(node), at), constant(node.line, at)
    level = constant(state.trace_level, at)
    state.emit(assign(started, call("trace_start", at, name("context", at), label, line, level), at))
    state.trace_level += 1
    carry_out(state, node)
    state.trace_level -= 1
    shown = node.result or (node.target if isinstance(node.target, (Variable, Path)) else None)
    root = root_of(shown) if shown is not None else None
    left: list[ast.expr] = [constant(None, at), constant("", at)]
    if root is not None and root in state.scope.assigned:
        left = [name(f"v_{root}", at), constant(root, at)]
    record = call("trace_end", at, name("context", at), name(started, at), *left)
    if state.code and isinstance(state.code[-1], (ast.Return, ast.Raise, ast.Break, ast.Continue)):
        state.code.insert(-1, place(ast.Expr(record), at))
    else:
        state.emit(place(ast.Expr(record), at))


# Functions inside functions ------------------------------------------------------------------------------------


def nested_function(state: CompilerState, body: Body | None, at: Located, *, isolated: bool) -> str:
    """Emit a function of no arguments that runs a stack; an isolated one has variables of its own."""
    identifier = state.scope.fresh("stack_")
    assigned = changeable_variables([body]) if body is not None else frozenset()
    scope, linker = state.scope, state.linker
    outer = scope.assigned, scope.loops, linker.assigned, scope.owners
    scope.loops = []
    scope.nested += 1
    if isolated:
        scope.assigned, linker.assigned = set(), assigned
        scope.owners = scope.changes.variables & assigned
    code = block(state, body, at)
    if isolated:
        code = [*owners_defined(scope.owners, at), *code]
    scope.nested -= 1
    scope.assigned, scope.loops, linker.assigned, scope.owners = set(outer[0]), *outer[1:]
    template = "def FUNCTION():\n    CODE"
    (made,) = statements(template, at, FUNCTION=identifier, CODE=code)
    assert isinstance(made, ast.FunctionDef)
    names = [f"v_{variable}" for variable in sorted(assigned if not isolated else state.linker.assigned)]
    if names and isolated:
        # an assignment that never runs makes each name local, so that none is read from outside (semantics 1.1)
        hidden: list[ast.expr] = [place(ast.Name(one, ast.Store()), at) for one in names]
        made.body.insert(
            0, place(ast.If(constant(False, at), [place(ast.Assign(hidden, constant(None, at)), at)], []), at)
        )
    elif names:
        made.body.insert(0, place(ast.Nonlocal(names), at))
    state.emit(made)
    return identifier


def describe_statement(node: Statement) -> str:
    """A statement in a few words for traces: `var $x`, `db.add "user"`."""
    from xsrun.syntax.nodes import Name

    if isinstance(node.target, Name):
        return f"{node.name} {node.target.text}"
    root = root_of(node.target) if node.target is not None else None
    return f"{node.name} ${root}" if root is not None else node.name


def is_true(node: Expression | None) -> bool:
    """Is a node the literal `true`?"""
    return isinstance(node, Literal) and node.value is True
