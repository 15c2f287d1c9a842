"""Statements ready to run again, and the reading of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xsrun.database.columns import Codec, ColumnDefinition, decode_bool, decode_json, decode_loose
from xsrun.database.operands import INVALID, Converter, refusal
from xsrun.errors import InputError
from xsrun.fields import declared as fields
from xsrun.hints import TYPE_CHECKING, NamedTuple
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.connection import Row
    from xsrun.running.context import Context

#: (number of the operand, what makes the parameter of it), or (-1, a fixed value)
Slot = tuple[int, Converter | Value]


#: How a parameter is made of an operand, as data: see `ready_sql`.
Recipe = tuple[str, ...]


class Computed(NamedTuple):
    """A computed column of a result: its name, the kind of its values (and of the elements of a list), and the column
    it is if that holds files: the number of its table among those of the statement, and its name."""

    name: str
    kind: str
    element: str
    files: tuple[int, str] | None


class WrittenSql(NamedTuple):
    """A statement as SQLAlchemy wrote it, as nothing but data: it is kept between runs.

    A slot is the number of an operand and how the parameter is made of it, or -1 and a fixed value.
    """

    sql: str
    slots: list[tuple[int, Recipe | Value]]
    about: list[str]
    marks: int
    computed: list[Computed]


class Prepared(NamedTuple):
    """A statement as text, and how its parameters are made from the operands of a run.

    `marks` is how many parameters the text has; the others are made of operands of what it left out, which have to fit
    all the same. `about` has the column that each is compared with.
    """

    sql: str
    slots: list[Slot]
    about: list[str]
    marks: int

    def parameters(self, values: tuple[Value, ...], context: Context) -> list[Value]:
        """The parameters in the order of the text. Raises XanoScriptError for an operand that does not fit."""
        try:
            made = [make if index < 0 else make(values[index], context) for index, make in self.slots]
            return made if len(made) == self.marks else made[: self.marks]
        except InputError as error:
            raise self.explained(error, values, context) from None

    def explained(self, error: InputError, values: tuple[Value, ...], context: Context) -> InputError:
        """The refusal of an operand, with the column that it was compared with."""
        for (index, make), column in zip(self.slots, self.about, strict=False):
            if index < 0 or not column:
                continue
            try:
                make(values[index], context)
            except InputError:
                hint = (error.hint or "").replace("the column holds", f"the column {column} holds")
                message = refusal(column) if error.message == INVALID else error.message
                return InputError(message, error.param, hint=hint)
        return error


class ColumnFiller(NamedTuple):
    """How a column of a new row is filled: what converts a value, whether it is rounded, whether null is one, and what
    it holds by default, which is made for each row where that is not `fixed`."""

    name: str
    declared: fields.Declared
    write: fields.Converter
    rounds: bool
    nullable: bool
    default: Value
    fixed: bool


class RowReader:
    """Rows of some columns as objects. Those of undeclared tables (`sparse`) have only the keys that were written."""

    __slots__ = ("_decoded", "_read_all", "_seen", "_sparse", "names")

    def __init__(self, decode: Mapping[str, Codec], columns: list[ColumnDefinition], *, sparse: bool) -> None:
        self.names = tuple(column.name for column in columns)
        self._decoded = [(column.name, decode[column.kind]) for column in columns if column.kind in decode]
        self._sparse = sparse
        self._read_all: Callable[[list[Row]], list[dict[str, Value]]] | None = None
        #: rows that were read before there was a comprehension
        self._seen = 0

    def read_all(self, rows: list[Row]) -> list[dict[str, Value]]:
        """Many rows: of a declared table by one comprehension, which calls nothing for what comes as it is."""
        if self._read_all is not None:
            return self._read_all(rows)
        self._seen += len(rows)
        if self._seen >= _MANY and not self._sparse:
            self._read_all = _comprehension(self.names, dict(self._decoded))
        return [self.read(row) for row in rows]

    def read(self, row: Row) -> dict[str, Value]:
        """One row."""
        made = dict(zip(self.names, row, strict=False))
        if self._sparse:
            for name, decode in self._decoded:
                value = made[name]
                if value is None:
                    del made[name]
                else:
                    made[name] = decode_loose(value) if decode is decode_json else decode(value)
            return made
        for name, decode in self._decoded:
            made[name] = decode(made[name])
        return made


#: Rows of a table after which a comprehension of its own is worth the time to make it.
_MANY = 50


def _comprehension(names: Sequence[str], decoded: Mapping[str, Codec]) -> Callable[[list[Row]], list[dict[str, Value]]]:
    """What reads a list of rows of these columns. The names stand in its text as constants, nothing else of them."""
    namespace: dict[str, Value] = {}
    members = []
    for number, name in enumerate(names):
        value, decode = f"c{number}", decoded.get(name)
        if decode is decode_bool:
            value = f"(None if {value} is None else {value} != 0)"
        elif decode is not None:
            namespace[f"decode{number}"] = decode
            value = f"decode{number}({value})"
        members.append(f"{name!a}: {value}")
    columns = "".join(f"c{number}, " for number in range(len(names)))
    made: Callable[[list[Row]], list[dict[str, Value]]]
    made = eval(f"lambda rows: [{{{', '.join(members)}}} for {columns} in rows]", namespace)
    return made
