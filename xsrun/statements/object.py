"""`object.*`: take an object apart (semantics 6), as the filters of the same names do."""

from __future__ import annotations

from xsrun.evaluator.quasiquote import statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.syntax.nodes import FilterCall, Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def bind_filtered(compiler: Compiler, node: Statement, filter_name: str) -> None:
    """Bind the filter of a name on the `value`."""
    at = statement_position(node)
    made = FilterCall(compiler.needed(node, "value"), filter_name, [], False).at(at, at)
    compiler.bind_result(node, compiler.filter_call(made))


@statement_form("object.keys", "value")
def keys(compiler: Compiler, node: Statement) -> None:
    """The keys of an object, as a list.

    >>> object.keys {
    ...   value = { a: 1, b: 2 }
    ... } as $keys
    {"keys": ["a", "b"]}
    """
    bind_filtered(compiler, node, "keys")


@statement_form("object.values", "value")
def values(compiler: Compiler, node: Statement) -> None:
    """The values of an object, as a list.

    >>> object.values {
    ...   value = { a: 1, b: 2 }
    ... } as $values
    {"values": [1, 2]}
    """
    bind_filtered(compiler, node, "values")


@statement_form("object.entries", "value")
def entries(compiler: Compiler, node: Statement) -> None:
    """The entries of an object, as a list of objects with `key` and `value`.

    >>> object.entries {
    ...   value = { a: 1 }
    ... } as $entries
    {"entries": [{"key": "a", "value": 1}]}
    """
    bind_filtered(compiler, node, "entries")
