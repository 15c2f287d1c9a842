"""The parameters of a statement: operands of a run that are bound when it is executed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from xsrun.database import operands as values
from xsrun.database.backend import Backend
from xsrun.database.prepared import Computed, Recipe, WrittenSql
from xsrun.database.sql import Condition, Sql, type_of
from xsrun.hints import NamedTuple
from xsrun.values.conversion import Value


class Bind(NamedTuple):
    """A parameter: which operand it comes from, how its value is made of it, and the column it is compared with."""

    name: str
    operand: int
    recipe: Recipe
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

    def new(self, index: int, *recipe: str) -> str:
        """A parameter that comes from an operand; returns its name."""
        name = f"p{len(self.binds)}"
        self.binds.append(Bind(name, index, recipe, self.about))
        return name

    def bind(self, index: int, kind: str, convert: str | None = None) -> Sql:
        """An operand as a parameter of a kind, perhaps by a converter of another name."""
        if self.operands[index] is None:
            return sa.cast(sa.null(), type_of(kind))
        return sa.bindparam(self.new(index, convert or kind, kind), type_=type_of(kind))

    def as_given(self, index: int, type_: sa.types.TypeEngine[Value]) -> sa.BindParameter[Value]:
        """An operand that the database takes as it is."""
        return sa.bindparam(self.new(index, "as_given"), type_=type_)

    def in_list(self, sql: Sql, kind: str, index: int, only: str = "") -> Condition:
        """A test against a list that travels as one parameter, perhaps `only` its members of one kind."""
        return self.backend.writer.in_list(sql, self.new(index, "list", kind, only), kind)

    def write(self, statement: sa.ClauseElement, computed: Sequence[Computed] = ()) -> WrittenSql:
        """A statement whose parameters come from these operands, for any others of the same types."""
        text = self.backend.writer.text(statement)
        binds = {bind.name: bind for bind in self.binds}
        slots: list[tuple[int, Recipe | Value]] = []
        about: list[str] = []
        for name in text.order:
            bind = binds.get(name)
            slots.append((-1, text.fixed.get(name)) if bind is None else (bind.operand, bind.recipe))
            about.append("" if bind is None else bind.about)
        left_out = [bind for name, bind in binds.items() if name not in text.order]
        slots += [(bind.operand, bind.recipe) for bind in left_out]
        about += [bind.about for bind in left_out]
        return WrittenSql(text.sql, slots, about, len(text.order), list(computed))
