"""How operators are written in conditions, and what each means."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable

from xsrun.database.sql import Condition, Sql

COMPARISONS: dict[str, Callable[[Sql, Sql], Condition]] = {
    "==": operators.eq,
    "=": operators.eq,
    "===": operators.eq,
    "!=": operators.ne,
    "!==": operators.ne,
    "<>": operators.ne,
    ">": operators.gt,
    ">=": operators.ge,
    "<": operators.lt,
    "<=": operators.le,
}
#: The comparisons of values that have no order.
EQUALITY = (operators.eq, operators.ne)
ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod"}
#: Names of the operators (see `operators`) that test texts, lists and objects.
TEXT_TESTS = {
    "like": "like",
    "ilike": "ilike",
    "includes": "includes",
    "~": "matches",
    "~*": "imatches",
    "search": "search",
}
DOCUMENT_TESTS = {"contains": "contains", "@>": "contains", "overlaps": "overlaps"}
_CONDITIONS = frozenset(("&&", "||", "in", *COMPARISONS, *TEXT_TESTS, *DOCUMENT_TESTS))


def plain_operator(operator: str) -> tuple[str, bool]:
    """An operator without its `?` and its negation, and whether it had one."""
    plain = operator.removesuffix("?")
    if plain.startswith("!~"):
        return plain[1:], True
    return plain.removeprefix("not "), plain.startswith("not ")


def is_condition(operator: str) -> bool:
    """Does a binary operator give a boolean?"""
    return plain_operator(operator)[0] in _CONDITIONS
