"""What is known of the inputs where a condition holds, or does not: in the branches of an `if`, and after one that
always leaves. Nothing assigns inputs, so that what a condition says of one stays true.

    conditional {
      if ($input.n < 2) {
        return { value = $input.n }
      }
    }

From here on `$input.n` is at least 2: `$input.n - 1` is an int, and needs no test for 64 bits.
"""

from __future__ import annotations

from xsrun.evaluator.inference import Kinds
from xsrun.evaluator.kinds import INT, NATURAL, NEGATIVE, Kind
from xsrun.names.places import ungrouped
from xsrun.syntax.nodes import Binary, Expression, Literal, Path, Quoted, Unary, Variable
from xsrun.values.conversion import MAX_INT, MIN_INT

_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", ">=": "<=", ">": "<", "<=": ">=", "==": "==", "!=": "!="}
_ALIASES = {"=": "==", "===": "==", "!==": "!="}


def narrowed(kinds: Kinds, condition: Expression, *, holds: bool) -> Kinds:
    """The kinds where a condition holds, or where it does not; the same object when that tells nothing."""
    inputs = dict(kinds.inputs)
    _learn(inputs, condition, holds)
    return kinds if inputs == kinds.inputs else kinds.with_inputs(inputs)


def _learn(inputs: dict[str, Kind], condition: Expression, holds: bool) -> None:
    inner = ungrouped(condition)
    while isinstance(inner, Quoted) and inner.expression is not None:
        inner = ungrouped(inner.expression)
    if isinstance(inner, Unary) and inner.operator == "!":
        _learn(inputs, inner.operand, not holds)
    elif isinstance(inner, Binary):
        operator = _ALIASES.get(inner.operator, inner.operator)
        if operator == ("&&" if holds else "||"):  # both sides hold, or neither does
            _learn(inputs, inner.left, holds)
            _learn(inputs, inner.right, holds)
        elif operator in _OPPOSITE:
            operator = operator if holds else _OPPOSITE[operator]
            _compare(inputs, inner.left, operator, inner.right)
            _compare(inputs, inner.right, _MIRRORED[operator], inner.left)


def _compare(inputs: dict[str, Kind], read: Expression, operator: str, literal: Expression) -> None:
    """An input stands in a relation to an int literal."""
    name, bound = _input_in(read), _int_in(literal)
    kind = inputs.get(name) if name is not None else None
    if name is None or bound is None or kind is None or not kind.within(INT):
        return
    least, most = MIN_INT, MAX_INT
    if operator in (">", ">=", "=="):
        least = bound + (operator == ">")
    if operator in ("<", "<=", "=="):
        most = bound - (operator == "<")
    inputs[name] = _between(kind, least, most)


def _between(kind: Kind, least: int, most: int) -> Kind:
    """The ints of a kind from one number to another."""
    if kind.within(NATURAL):
        least = max(least, 0)
    if kind.within(NEGATIVE):
        most = min(most, -1)
    if least > most:
        return kind  # what follows never runs
    classes = NATURAL if least >= 0 else NEGATIVE if most < 0 else INT
    bits = max(least.bit_length(), most.bit_length(), 1)
    return Kind(kind.classes & classes or kind.classes, min(kind.bits, bits))


def _input_in(node: Expression) -> str | None:
    """The name in `$input.name`."""
    match ungrouped(node):
        case Path(base=Variable(name="input"), segments=[segment]) if segment.form == "name":
            return str(segment.key)
    return None


def _int_in(node: Expression) -> int | None:
    """The value of an int literal, with a sign or without."""
    match ungrouped(node):
        case Literal(value=int() as value) if value.__class__ is int:
            return value
        case Unary(operator="-", operand=Literal(value=int() as value)) if value.__class__ is int:
            return -value
    return None
