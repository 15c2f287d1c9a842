"""Conditions and orders that come with a request: `additional_where`, `override_sort`, `external` (semantics 4.6)."""

from __future__ import annotations

from xsrun.database.columns import decode_loose
from xsrun.database.plans import Column, Operand, SortKey
from xsrun.errors import InputError
from xsrun.hints import NamedTuple
from xsrun.syntax.nodes import Binary, Expression
from xsrun.values.conversion import Value, describe, to_text, truthy

_OPERATORS = {
    "=": "==",
    "==": "==",
    "!=": "!=",
    "<>": "!=",
    ">": ">",
    ">=": ">=",
    "<": "<",
    "<=": "<=",
    "like": "like",
    "not like": "not like",
    "ilike": "ilike",
    "not ilike": "not ilike",
    "includes": "includes",
    "not includes": "not includes",
    "in": "in",
    "not in": "not in",
    "contains": "contains",
    "not contains": "not contains",
    "overlaps": "overlaps",
    "not overlaps": "not overlaps",
    "@>": "@>",
    "~": "~",
    "!~": "!~",
    "~*": "~*",
    "search": "search",
}


#: (name, direction, where the program says so)
Order = tuple[str, str, SortKey | None]


class RequestCondition(NamedTuple):
    """A condition that came as data: its tree, and all operands, those of the plan first."""

    tree: Expression
    operands: tuple[Value, ...]


def read_condition(value: Value, operands: tuple[Value, ...], attribute: str) -> RequestCondition | None:
    """The condition that a value describes; None for an empty one. Raises InputError for what is not a condition."""
    value = decode_loose(value)
    if not truthy(value):
        return None
    extra = list(operands)
    tree = _all_of(value, extra, attribute)
    return None if tree is None else RequestCondition(tree, tuple(extra))


def _all_of(value: Value, operands: list[Value], attribute: str) -> Expression | None:
    """The entries of an expression, joined by AND, or by OR where an entry says so."""
    entries = value.get("expression", value) if value.__class__ is dict else value
    if entries.__class__ is dict:
        entries = [entries]
    if entries.__class__ is not list:
        raise _refused(attribute, value)
    tree: Expression | None = None
    for entry in entries:
        part = _entry(entry, operands, attribute)
        if part is None:
            continue
        joiner = "||" if entry.get("or") else "&&"
        tree = part if tree is None else Binary(tree, joiner, part)
    return tree


def _entry(entry: Value, operands: list[Value], attribute: str) -> Expression | None:
    if entry.__class__ is not dict:
        raise _refused(attribute, entry)
    if entry.get("type") == "group" or "group" in entry:
        return _all_of(entry.get("group") or [], operands, attribute)
    statement = entry.get("statement", entry)
    if statement.__class__ is not dict or "left" not in statement:
        raise _refused(attribute, entry)
    written = statement.get("op", "=")
    operator = _OPERATORS.get(written.lower()) if written.__class__ is str else None
    if operator is None:
        hint = f"{describe(written)} is not an operator of a search"
        raise InputError("ParseError: Invalid value for param", attribute, hint=hint)
    left = _side(statement["left"], operands, "col")
    right_side = statement.get("right")
    right = _side(right_side, operands, "const")
    if right_side.__class__ is dict and right_side.get("ignore_empty") and isinstance(right, Operand):
        operator += "?"
    return Binary(left, operator, right)


def _side(side: Value, operands: list[Value], default: str) -> Expression:
    """A column, or a value that becomes another operand."""
    tag, operand = (side.get("tag", default), side.get("operand")) if side.__class__ is dict else (default, side)
    if tag == "col" and operand.__class__ is str:
        return Column(operand.removeprefix("$db.").split("."))
    operands.append(operand)
    return Operand(len(operands) - 1)


def _refused(attribute: str, value: Value) -> InputError:
    return InputError(
        "ParseError: Invalid value for param",
        attribute,
        hint=f'{describe(value)} is not a condition; write {{"expression": [{{"statement": {{"left": {{"tag": "col", '
        '"operand": "table.column"}, "op": "=", "right": {"operand": 1}}}]}',
    )


def read_order(value: Value, attribute: str) -> list[Order]:
    """The sort keys that a value describes: a list of `{sortBy, orderBy}`, one of them, or `{column: direction}`."""
    value = decode_loose(value)
    if not truthy(value):
        return []
    entries = [value] if value.__class__ is dict else value
    if entries.__class__ is not list or not all(entry.__class__ is dict for entry in entries):
        hint = f'{describe(value)} is not an order; write [{{"sortBy": "table.column", "orderBy": "asc"}}]'
        raise InputError("ParseError: Invalid value for param", attribute, hint=hint)
    found: list[Order] = []
    for entry in entries:
        if "sortBy" in entry:
            name = entry["sortBy"]
            if name.__class__ is list or name.__class__ is dict:
                hint = f"{describe(name)} is not the name of a column"
                raise InputError("ParseError: Invalid value for param", attribute, hint=hint)
            found.append((to_text(name), direction_of(entry.get("orderBy")), None))
        else:
            found += [(name, direction_of(way), None) for name, way in entry.items()]
    return [key for key in found if key[0]]


def direction_of(value: Value) -> str:
    """asc, desc or rand; anything else is ascending."""
    text = value.lower() if value.__class__ is str else "asc"
    return text if text in ("desc", "rand") else "asc"
