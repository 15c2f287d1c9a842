"""Expressions to Python expressions: literals here, the rest in the parts this builds on."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from xsrun.evaluator.filters import FilterCompiler
from xsrun.evaluator.quasiquote import Position, call, constant, expression, list_of, place, tuple_of
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Call,
    Cast,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Now,
    ObjectLiteral,
    Path,
    Placeholder,
    Quoted,
    Spread,
    Ternary,
    Timestamp,
    Unary,
    Variable,
    Word,
)
from xsrun.values.conversion import to_text


class ExpressionCompiler(FilterCompiler):
    """Compiles expressions in a scope. Statement forms and filter forms get one through their compiler."""

    def value(self, node: Expression | None) -> ast.expr:
        """The Python expression that gives the value of a node; null for a missing one."""
        if node is None:
            return constant(None, Position())
        made = self.compiled(node)
        return self.kept(node, made) if node.__class__ in _READING else made

    def compiled(self, node: Expression) -> ast.expr:
        method = _METHODS.get(node.__class__)
        if method is None:
            raise self.refuse("XS199", f"{type(node).__name__.lower()} cannot stand here", node)
        made: ast.expr = method(self, node)
        return made

    def literal(self, node: Literal) -> ast.expr:
        return constant(node.value, node)

    def timestamp(self, node: Timestamp) -> ast.expr:
        return constant(node.value, node)

    def now(self, node: Now) -> ast.expr:
        return expression("context.clock()", node)

    def word(self, node: Word) -> ast.expr:
        return constant(node.text, node)

    def placeholder(self, node: Placeholder) -> ast.expr:
        raise self.refuse("XS212", "a placeholder is left in the program", node, "write what `...` stands for")

    def group(self, node: Group) -> ast.expr:
        return self.value(node.expression)

    def quoted(self, node: Quoted) -> ast.expr:
        return constant(node.text, node) if node.expression is None else self.value(node.expression)

    def list_literal(self, node: ListLiteral) -> ast.expr:
        if not any(isinstance(item, Spread) for item in node.items):
            return list_of([self.value(item) for item in node.items], node)
        parts = [
            tuple_of([constant(isinstance(item, Spread), item), self.value(_spread_value(item))], item)
            for item in node.items
        ]
        return call("spread_list", node, *parts)

    def object_literal(self, node: ObjectLiteral) -> ast.expr:
        entries = [entry for entry in node.entries if not (isinstance(entry, Entry) and entry.disabled)]
        if any(isinstance(entry, Placeholder) for entry in entries):
            raise self.refuse("XS212", "a placeholder is left in the program", node, "write what `...` stands for")
        if any(isinstance(entry, Spread) for entry in entries):
            parts = [
                tuple_of([constant(getattr(entry, "key", None), entry), self.value(entry.value)], entry)
                for entry in entries
            ]
            return call("spread_object", node, *parts)
        pairs = [(entry.key, self.value(entry.value)) for entry in entries if isinstance(entry, Entry)]
        keys = list(dict(pairs))
        if keys and keys == [str(index) for index in range(len(keys))]:
            return list_of(list(dict(pairs).values()), node)  # semantics 2.1
        return place(ast.Dict([constant(key, node) for key, _ in pairs], [value for _, value in pairs]), node)

    def cast(self, node: Cast) -> ast.expr:
        """A tagged literal: `!int "5"` (language 2.7)."""
        operand = node.operand
        if node.tag in ("input", "var", "env", "auth", "expr") and isinstance(operand, Literal):
            prefix = "" if node.tag == "expr" else f"${node.tag}."
            return self.value(self.parse(prefix + to_text(operand.value), node))
        filters = {"int": "to_int", "decimal": "to_decimal", "bool": "to_bool", "timestamp": "to_timestamp"}
        if node.tag in filters:
            return self.value(self.positioned(FilterCall(operand, filters[node.tag], [], False), node))
        if node.tag in ("object", "array") and isinstance(operand, Literal):
            return self.value(self.positioned(FilterCall(operand, "json_decode", [], False), node))
        if node.tag == "null":
            return constant(None, node)
        return self.value(operand)


def _spread_value(item: Expression) -> Expression:
    return item.value if isinstance(item, Spread) else item


#: Nodes that give the value of a variable or something in it.
_READING = frozenset((Variable, Path, FilterCall))
_METHODS: dict[type, Callable[[ExpressionCompiler, Any], ast.expr]] = {
    Literal: ExpressionCompiler.literal,
    Timestamp: ExpressionCompiler.timestamp,
    Now: ExpressionCompiler.now,
    Word: ExpressionCompiler.word,
    Placeholder: ExpressionCompiler.placeholder,
    Group: ExpressionCompiler.group,
    Quoted: ExpressionCompiler.quoted,
    ListLiteral: ExpressionCompiler.list_literal,
    ObjectLiteral: ExpressionCompiler.object_literal,
    Cast: ExpressionCompiler.cast,
    Binary: ExpressionCompiler.binary,
    Between: ExpressionCompiler.between,
    Unary: ExpressionCompiler.unary,
    Ternary: ExpressionCompiler.ternary,
    Variable: ExpressionCompiler.variable,
    Path: ExpressionCompiler.path,
    FilterCall: ExpressionCompiler.filter_call,
    Call: ExpressionCompiler.call,
}
