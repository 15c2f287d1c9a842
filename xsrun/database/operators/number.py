"""Operators and filters of numbers, and conversions of numbers and booleans."""

from __future__ import annotations

import math

from xsrun.database import postgres_text
from xsrun.database.operators.declare import operator
from xsrun.values.conversion import Value


@operator("add", "number", "number", result="number", postgres="({0} + {1})", sqlite="({0} + {1})")
def add(stored: float, value: float) -> float:
    """A number plus another.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|add:2) == 5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return stored + value


@operator("sub", "number", "number", result="number", postgres="({0} - {1})", sqlite="({0} - {1})")
def sub(stored: float, value: float) -> float:
    """A number less another.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|sub:2) == 1
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return stored - value


@operator("mul", "number", "number", result="number", postgres="({0} * {1})", sqlite="({0} * {1})")
def mul(stored: float, value: float) -> float:
    """A number times another.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|mul:1.5) == 4.5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return stored * value


@operator(
    "div",
    "decimal",
    "decimal",
    result="decimal",
    postgres="({0} / nullif({1}, 0))",
    sqlite="({0} * 1.0 / {1})",
)
def div(stored: float, value: float) -> float | None:
    """A number divided by another, with its fraction; null when that is 0.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|div:2) == 1.5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return stored / value if value else None


@operator("mod", "int", "int", result="int", postgres="mod({0}, nullif({1}, 0))", sqlite="({0} % {1})")
def mod(value: int, other: int) -> int | None:
    """`%`: the rest of a division of whole numbers, with the sign of the first; null when the other is 0."""
    return int(math.fmod(value, other)) if other else None


@operator("floor", "decimal", result="int", postgres="floor({0})::bigint")
def floor(value: float) -> int:
    """The greatest whole number that is not above the number.

    >>> db.add "jar" { data = {n: 2.7} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|floor) == 2
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return math.floor(value)


@operator("ceil", "decimal", result="int", postgres="ceil({0})::bigint")
def ceil(value: float) -> int:
    """The least whole number that is not below the number.

    >>> db.add "jar" { data = {n: 2.1} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|ceil) == 3
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return math.ceil(value)


@operator("round", "decimal", "int", result="decimal", postgres="round({0}::numeric, {1}::int)::float8", defaults=(2,))
def round_(value: float, precision: int) -> float:
    """The number rounded to a number of places (2 when none is given), halves away from zero.

    >>> db.add "jar" { data = {n: 2.345} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|round:1) == 2.3
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    from decimal import ROUND_HALF_UP, Decimal

    unit = Decimal(1).scaleb(-precision)
    return float(Decimal(format(value, ".15g")).quantize(unit, ROUND_HALF_UP))


@operator("truncate", "decimal", result="int", postgres="trunc({0})::bigint", sqlite="CAST({0} AS INTEGER)")
def truncate(value: float) -> int:
    """The number without its fraction."""
    return math.trunc(value)


@operator("negate", "number", result="number", postgres="(- {0})", sqlite="(- {0})")
def negate(value: float) -> float:
    """The number with the other sign."""
    return -value


@operator("int_text", "int", result="text", postgres="({0})::text", sqlite="CAST({0} AS TEXT)")
def int_text(value: int) -> str:
    """A whole number as text."""
    return str(value)


@operator(
    "number_text",
    "number",
    result="text",
    body="SELECT CASE WHEN $1 = trunc($1) AND abs($1) < 1e15 THEN trunc($1)::bigint::text ELSE $1::text END",
)
def number_text(value: float) -> str:
    """A number as text, in its shortest form."""
    return postgres_text.text_of(value)


@operator("bool_text", "bool", result="text", postgres="CASE {0} WHEN true THEN 'true' WHEN false THEN 'false' END")
def bool_text(value: Value) -> str:
    """A boolean as text."""
    return "true" if value else "false"


@operator("bool_number", "bool", result="int", postgres="({0})::int::bigint", sqlite="({0} + 0)")
def bool_number(value: Value) -> int:
    """A boolean as 1 or 0."""
    return int(value)
