"""Which operators only the `where` of a query has."""

from __future__ import annotations

from typing import TypeGuard

from xsrun.syntax.nodes import Between, Binary, Expression

#: The operators of every expression; the others compare columns.
_PLAIN = frozenset(
    (*"+-*/%~=<>", "++", "..", "==", "!=", "===", "!==", "<=", ">=", "&&", "||", "??", "?:"),
)


def is_query_operator(node: Expression) -> TypeGuard[Binary | Between]:
    """Is a node a comparison by an operator of queries: a word such as `in`, or one with a question mark?"""
    return isinstance(node, Between) or (isinstance(node, Binary) and node.operator not in _PLAIN)
