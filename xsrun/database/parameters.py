"""The parameters of a statement: operands of a run that are bound when it is executed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from xsrun.database import operands as values
from xsrun.database.backend import Backend
from xsrun.database.columns import NUMBERS, Codec
from xsrun.database.operands import Converter
from xsrun.database.prepared import Prepared, Slot
from xsrun.database.sql import Condition, Sql, type_of
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.running.context import Context


class Bind(NamedTuple):
    """A parameter: which operand it comes from, how its value is made of it, and the column it is compared with."""

    name: str
    operand: int
    make: Converter
    about: str = ""


class StatementParameters:
    """The operands of a run, of whose types a statement is compiled, and the parameters that it has of them."""

    def __init__(self, backend: Backend, operands: Sequence[Value]) -> None:
        self.backend = backend
        self.operands = operands
        self.binds: list[Bind] = []
        #: the column that operands are compared with at the moment, for messages
        self.about = ""

    def code(self, index: int) -> str:
        """The type of an operand."""
        return values.code_of(self.operands[index])

    def new(self, index: int, make: Converter) -> str:
        """A parameter that comes from an operand; returns its name."""
        name = f"p{len(self.binds)}"
        self.binds.append(Bind(name, index, make, self.about))
        return name

    def bind(self, index: int, kind: str, convert: Converter | None = None) -> Sql:
        """An operand as a parameter of a kind."""
        if self.operands[index] is None:
            return sa.cast(sa.null(), type_of(kind))
        convert, encode = convert or values.CONVERTERS[kind], self.backend.codecs.encode.get(kind)
        make = convert if encode is None else _composed(convert, encode)
        return sa.bindparam(self.new(index, make), type_=type_of(kind))

    def as_given(self, index: int, type_: sa.types.TypeEngine[Value]) -> sa.BindParameter[Value]:
        """An operand that the database takes as it is."""
        return sa.bindparam(self.new(index, lambda value, _context: value), type_=type_)

    def in_list(self, sql: Sql, kind: str, index: int, only: str = "") -> Condition:
        """A test against a list that travels as one parameter, perhaps `only` its members of one kind."""
        convert = values.members(kind, values.CONVERTERS[kind])
        if only:
            convert = _only_of_kind(only, convert)
        name = self.new(index, self.backend.list_maker(kind, convert))
        return self.backend.in_list(sql, name, kind)

    def prepare(self, statement: sa.ClauseElement) -> Prepared:
        """A statement whose parameters come from these operands, ready to run with others of the same types."""
        text = self.backend.text(statement)
        binds = {bind.name: bind for bind in self.binds}
        slots: list[Slot] = []
        about: list[str] = []
        for name in text.order:
            bind = binds.get(name)
            slots.append((-1, text.fixed.get(name)) if bind is None else (bind.operand, bind.make))
            about.append("" if bind is None else bind.about)
        left_out = [bind for name, bind in binds.items() if name not in text.order]
        slots += [(bind.operand, bind.make) for bind in left_out]
        about += [bind.about for bind in left_out]
        return Prepared(text.sql, slots, about, len(text.order))


def _composed(convert: Converter, encode: Codec) -> Converter:
    return lambda value, context: encode(convert(value, context))


def _only_of_kind(kind: str, convert: Converter) -> Converter:
    """Only those members of a list that are of a kind themselves."""

    def chosen(value: Value, context: Context) -> Value:
        mine = [item for item in values.listed(value) if _plain_kind(item) == kind]
        return convert(mine, context)

    return chosen


def _plain_kind(value: Value) -> str:
    kind = values.kind_of_code(values.code_of(value))
    return "decimal" if kind in NUMBERS else kind
