"""Expressions to Python expressions: literals here, the rest in the parts this builds on."""

from __future__ import annotations

import ast

from xsrun.evaluator.quasiquote import call, constant, expression, list_of, place, tuple_of
from xsrun.evaluator.state import CompilerState, compiles
from xsrun.registry import demands
from xsrun.syntax.nodes import (
    Cast,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Now,
    ObjectLiteral,
    Placeholder,
    Quoted,
    Spread,
    Timestamp,
    Word,
)
from xsrun.values.conversion import to_text


@compiles(Literal)
def compile_literal(state: CompilerState, node: Literal) -> ast.expr:
    return constant(node.value, node)


@compiles(Timestamp)
def compile_timestamp(state: CompilerState, node: Timestamp) -> ast.expr:
    return constant(node.value, node)


@compiles(Now)
def compile_now(state: CompilerState, node: Now) -> ast.expr:
    return expression("context.clock()", node)


@compiles(Word)
def compile_word(state: CompilerState, node: Word) -> ast.expr:
    return constant(node.text, node)


@compiles(Placeholder)
def compile_placeholder(state: CompilerState, node: Placeholder) -> ast.expr:
    state.demand(demands.placeholder(node))
    raise AssertionError


@compiles(Group)
def compile_group(state: CompilerState, node: Group) -> ast.expr:
    return state.value(node.expression)


@compiles(Quoted)
def compile_quoted(state: CompilerState, node: Quoted) -> ast.expr:
    return constant(node.text, node) if node.expression is None else state.value(node.expression)


@compiles(ListLiteral)
def compile_list_literal(state: CompilerState, node: ListLiteral) -> ast.expr:
    if not any(isinstance(item, Spread) for item in node.items):
        return list_of([state.value(item) for item in node.items], node)
    parts = [
        tuple_of([constant(isinstance(item, Spread), item), state.value(_spread_value(item))], item)
        for item in node.items
    ]
    return call("spread_list", node, *parts)


@compiles(ObjectLiteral)
def compile_object_literal(state: CompilerState, node: ObjectLiteral) -> ast.expr:
    entries = [entry for entry in node.entries if not (isinstance(entry, Entry) and entry.disabled)]
    for entry in entries:
        if isinstance(entry, Placeholder):
            state.value(entry)
    if any(isinstance(entry, Spread) for entry in entries):
        parts = [
            tuple_of([constant(getattr(entry, "key", None), entry), state.value(entry.value)], entry)
            for entry in entries
        ]
        return call("spread_object", node, *parts)
    pairs = [(entry.key, state.value(entry.value)) for entry in entries if isinstance(entry, Entry)]
    keys = list(dict(pairs))
    if keys and keys == [str(index) for index in range(len(keys))]:
        return list_of(list(dict(pairs).values()), node)  # semantics 2.1
    return place(ast.Dict([constant(key, node) for key, _ in pairs], [value for _, value in pairs]), node)


@compiles(Cast)
def compile_cast(state: CompilerState, node: Cast) -> ast.expr:
    """A tagged literal: `!int "5"` (language 2.7)."""
    operand = node.operand
    if node.tag in ("input", "var", "env", "auth", "expr") and isinstance(operand, Literal):
        prefix = "" if node.tag == "expr" else f"${node.tag}."
        return state.value(state.parse(prefix + to_text(operand.value), node))
    filters = {"int": "to_int", "decimal": "to_decimal", "bool": "to_bool", "timestamp": "to_timestamp"}
    if node.tag in filters:
        return state.value(state.positioned(FilterCall(operand, filters[node.tag], [], False), node))
    if node.tag in ("object", "array") and isinstance(operand, Literal):
        return state.value(state.positioned(FilterCall(operand, "json_decode", [], False), node))
    if node.tag == "null":
        return constant(None, node)
    return state.value(operand)


def _spread_value(item: Expression) -> Expression:
    return item.value if isinstance(item, Spread) else item
