"""What a value can be, as far as generated code makes use of it.

A kind is a set of classes, the bits that its ints need at most, and the kind of the members of its containers. This
module joins kinds and tells what operators make of them; which kind an expression has, `inference` finds out.

Counters need no test for 64 bits: adding a literal below 2**16 a million times a second takes a thousand years to get
a variable that begins below 2**48 anywhere near (`COUNTER_BITS`).
"""

from __future__ import annotations

from xsrun.hints import NamedTuple
from xsrun.syntax.nodes import Expression, Literal

NATURAL, NEGATIVE, DECIMAL, BOOL, TEXT, NULL, LIST, OBJECT, OTHER = (1 << position for position in range(9))
#: An int that is not negative is natural.
INT = NATURAL | NEGATIVE
NUMBER = INT | DECIMAL
CONTAINER = LIST | OBJECT
EVERYTHING = (1 << 9) - 1

#: What the ints of a counter stay within; also sums of a few counters fit 64 bits.
COUNTER_BITS = 57
_SMALL_BITS = 16
_MOST_ADDED = 1 << 16
INT_BITS = 63
#: Kinds of members are told for lists in lists this deep.
_MOST_LEVELS = 3


class Kind(NamedTuple):
    """Some classes; the ints among them lie within `bits` bits and a sign; `item` None: members of any kind."""

    classes: int
    bits: int = INT_BITS
    item: Kind | None = None

    def within(self, classes: int) -> bool:
        """Is every value of one of these classes?"""
        return self.classes != 0 and not self.classes & ~classes


ANY = Kind(EVERYTHING)
NOTHING = Kind(0, 0)


def join(one: Kind, two: Kind) -> Kind:
    """A kind that has the values of both."""
    if not one.classes or one == two:
        return two
    if not two.classes:
        return one
    items = [kind.item for kind in (one, two) if kind.classes & CONTAINER]
    known = [item for item in items if item is not None]
    item = None
    if known and len(known) == len(items):
        item = known[0] if len(known) == 1 else join(*known)
    return Kind(one.classes | two.classes, max(one.bits, two.bits), item)


def holding(classes: int, item: Kind | None) -> Kind:
    """Containers with members of a kind."""
    return Kind(classes, 0, None if item is None or _levels(item) >= _MOST_LEVELS else item)


def _levels(kind: Kind | None) -> int:
    levels = 0
    while kind is not None and kind.classes & CONTAINER:
        levels += 1
        kind = kind.item
    return levels


def member_of(kind: Kind) -> Kind:
    """What reading a member can give. Reading one of a scalar raises."""
    if kind.classes & OTHER:
        return ANY
    if not kind.classes & CONTAINER:
        return NOTHING
    return ANY if kind.item is None else kind.item


def written(kind: Kind, depth: int, value: Kind, *, was_set: bool = True, made: int = OBJECT) -> Kind:
    """The kind after a value was written `depth` keys below.

    What is not a container becomes one of the classes `made` on the way; an object stays one, a list may become one. A
    variable that was not set is null before.
    """
    if depth == 0:
        return value
    if kind.classes & OTHER or (kind.classes & CONTAINER and kind.item is None):
        return ANY
    item = member_of(kind)
    changed = holding(made | (kind.classes & LIST), join(item, written(item, depth - 1, value, made=made)))
    before = kind.classes if was_set else kind.classes | NULL
    return join(Kind(before, kind.bits, changed.item), changed)


def elementwise(operand: Kind, result: Kind) -> Kind:
    """The kind of a filter that goes into lists, and what it gives for anything else."""
    return join(result, Kind(LIST, 0)) if operand.classes & LIST else result


# Arithmetic ----------------------------------------------------------------------------------------------------------


def arithmetic(operator: str, one: Kind, two: Kind, *, counts: bool = False) -> Kind:
    """The kind of a result; operands that are not numbers raise, or are texts of some.

    `counts`: one of the operands is a small literal.
    """
    if not one.classes or not two.classes:
        return NOTHING
    if operator == "%":
        if not two.within(INT):
            return ANY  # the remainder of huge decimals is an int of any length
        sign = NATURAL if one.within(NATURAL) else INT
        return Kind(sign, min(one.bits, two.bits) if one.within(INT) else two.bits)
    if operator == "-" and one.within(NATURAL) and two.within(NATURAL):
        return Kind(INT, max(one.bits, two.bits))
    if one.within(INT) and two.within(INT):
        sign = NATURAL if operator != "-" and one.within(NATURAL) and two.within(NATURAL) else INT
        return _of_ints(operator, one.bits, two.bits, counts, sign)
    if one.within(NUMBER) and two.within(NUMBER):
        if one.within(DECIMAL) or two.within(DECIMAL):
            return Kind(DECIMAL, 0)
        if operator != "-" and not (one.classes | two.classes) & NEGATIVE:
            return Kind(NATURAL | DECIMAL)  # an int comes of ints alone
    return Kind(NUMBER)


def _of_ints(operator: str, one: int, two: int, counts: bool, sign: int) -> Kind:
    """The kind of a result of ints of so many bits; `sign` is the kind of its ints."""
    if operator == "/":
        return Kind(sign | DECIMAL, one)
    if one == INT_BITS or two == INT_BITS:
        return Kind(sign | DECIMAL)
    if operator == "*":
        bits = one + two
    elif counts and max(one, two) <= COUNTER_BITS:
        bits = min(max(one, two) + 1, COUNTER_BITS)
    else:
        bits = max(one, two) + 1
    return Kind(sign, bits) if bits <= INT_BITS else Kind(sign | DECIMAL)


def is_small(node: Expression) -> bool:
    """Is a node an int literal that a counter may be changed by?"""
    return isinstance(node, Literal) and node.value.__class__ is int and abs(node.value) <= _MOST_ADDED


def rounded(kind: Kind) -> Kind:
    """A kind of a variable: bits in few sizes, so that they cannot grow in many steps."""
    sizes = (_SMALL_BITS, COUNTER_BITS, INT_BITS)
    bits = next(size for size in sizes if kind.bits <= size) if kind.classes & INT else 0
    return Kind(kind.classes, bits, rounded(kind.item) if kind.item is not None else None)
