"""From a statement that was written to one that can run: what makes its parameters, and what reads its columns."""

from __future__ import annotations

from xsrun.database import operands
from xsrun.database.columns import NUMBERS, Codec
from xsrun.database.operands import Converter
from xsrun.database.prepared import Computed, Prepared, Recipe, Slot, WrittenSql
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.backend import Backend
    from xsrun.running.context import Context


def ready(backend: Backend, written: WrittenSql) -> Prepared:
    """A statement that was written, ready to run."""
    slots: list[Slot] = [(index, what if index < 0 else converter_of(backend, what)) for index, what in written.slots]
    return Prepared(written.sql, slots, written.about, written.marks)


def converter_of(backend: Backend, recipe: Recipe) -> Converter:
    """What makes a parameter of an operand: `as_given`; `list` of a kind, perhaps `only` its members of one; or the
    name of a converter, for a value of a kind."""
    way, *kinds = recipe
    if way == "as_given":
        return lambda value, _context: value
    if way == "list":
        kind, only = kinds
        convert = operands.members(kind, operands.CONVERTERS[kind])
        return backend.list_maker(kind, _only_of_kind(only, convert) if only else convert)
    convert = operands.to_uuid if way == "uuid" else operands.CONVERTERS[way]
    encode = backend.codecs.encode.get(kinds[0])
    return convert if encode is None else _composed(convert, encode)


def _composed(convert: Converter, encode: Codec) -> Converter:
    return lambda value, context: encode(convert(value, context))


def _only_of_kind(kind: str, convert: Converter) -> Converter:
    """Only those members of a list that are of a kind themselves."""

    def chosen(value: Value, context: Context) -> Value:
        mine = [item for item in operands.listed(value) if _plain_kind(item) == kind]
        return convert(mine, context)

    return chosen


def _plain_kind(value: Value) -> str:
    kind = operands.kind_of_code(operands.code_of(value))
    return "decimal" if kind in NUMBERS else kind


def decoder(backend: Backend, computed: Computed) -> Codec | None:
    """How values of a computed column are read; None when they come as they are."""
    if computed.kind == "list":
        return backend.list_decoder(computed.element)
    if computed.kind in NUMBERS:
        return whole
    return backend.codecs.decode.get(computed.kind)


def whole(number: Value) -> Value:
    """A computed number: an int when it has no fraction."""
    if number.__class__ is float and number == number and abs(number) < 1e15 and number == int(number):
        return int(number)
    return number
