"""Many rows written at once: a statement for all that have the same columns, with what each alone would have done.

Rows are checked one after another and wait until others come that have other columns. What the database refuses of them
is then written one by one, so that the error is that of the row it belongs to, after all before it were written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from xsrun.database.columns import DOCUMENTS
from xsrun.database.row_values import as_kept, encoded, write_row
from xsrun.database.session import Session
from xsrun.database.stored_files import holds_files, with_addresses
from xsrun.database.tables import Table
from xsrun.database.writing import NewRow
from xsrun.errors import LimitError, XanoScriptError
from xsrun.hints import Generic, NamedTuple, TypeVar
from xsrun.values.conversion import Value

Row = dict[str, Value]
Item = TypeVar("Item")
Given = TypeVar("Given")
#: Names the row, by its number, in an error.
Naming = Callable[[int, XanoScriptError], None]
#: Rows of one statement.
_MOST = 10_000


class Together(Generic[Given]):
    """Rows that wait to be written, with their numbers; `alike` says which can be written together."""

    def __init__(
        self,
        session: Session,
        alike: Callable[[Given], object],
        together: Callable[[list[Given]], list[Row | None]],
        alone: Callable[[Given], Row | None],
        name: Naming,
    ) -> None:
        self._session = session
        self._alike = alike
        self._together = together
        self._alone = alone
        self._name = name
        self._waiting: list[Given] = []
        #: for each that waits, the warnings until it was checked
        self._marks: list[tuple[int, int]] = []
        self._first = 1
        self._key: object = None
        self.written: list[Row | None] = []

    def write(self, items: Iterable[Item], make: Callable[[Item], Given]) -> list[Row | None]:
        """Write what `make` gives for each item; the rows as they are then. Raises XanoScriptError for the first row
        that cannot be written."""
        for number, item in enumerate(items, 1):
            try:
                given = make(item)
            except XanoScriptError as error:
                self._flush(number)
                self._name(number, error)
                raise
            key = self._alike(given)
            if key != self._key or len(self._waiting) == _MOST:
                self._flush(number)
                self._key = key
            self._waiting.append(given)
            self._marks.append(self._session.catalog.warnings_so_far())
        self._flush(0)
        return self.written

    def _flush(self, following: int) -> None:
        """Write those that wait; the next one has the number `following`."""
        waiting, marks, first = self._waiting, self._marks, self._first
        self._waiting, self._marks, self._first = [], [], following
        if len(waiting) > 1:
            try:
                with self._session.transaction.atomic():
                    self.written += self._together(waiting)
                return
            except LimitError:
                raise
            except XanoScriptError:  # of one of them, which is found by writing one after another
                pass
        for number, given in enumerate(waiting, first):
            try:
                self.written.append(self._alone(given))
            except XanoScriptError as error:
                self._session.catalog.take_back(marks[number - first])  # those of rows behind it
                self._name(number, error)
                raise


def insert_all(
    session: Session, items: Iterable[Item], make: Callable[[Item], NewRow], name: Naming = lambda *_: None
) -> list[Row]:
    """Insert the rows that `make` gives for items, within a transaction; the rows as they are kept."""

    def together(rows: list[NewRow]) -> list[Row | None]:
        return list(_inserted(session, rows))

    def alone(one: NewRow) -> Row:
        return write_row(session.transaction, session.context, *one)

    def alike(one: NewRow) -> object:
        return goes_alone(session, one.table) or (id(one.table), one.identity is None, tuple(one.row))

    waiting = Together(session, alike, together, alone, name)
    return [row for row in waiting.write(items, make) if row is not None]


def _inserted(session: Session, rows: list[NewRow]) -> list[Row]:
    """Insert rows that have the same columns, with one statement."""
    backend, transaction, context = session.backend, session.transaction, session.context
    table = rows[0].table
    names = list(rows[0].row)
    encode = row_encoder(session, table, names)
    given = [encode(list(row.values())) for _, row, _ in rows]
    if rows[0].identity is None:
        ids = backend.insert_many(transaction, table, names, given)
    else:
        ids = [identity for _, _, identity in rows]
        backend.insert_many(transaction, table, [*names, "id"], [[*one, i] for one, i in zip(given, ids, strict=True)])
        if table.id.kind == "int" and (step := backend.follow_id(table.physical, max(ids))):
            transaction.execute(*step)
    if table.columns[0].name == "id" and not any(
        table.by_name[name].kind in DOCUMENTS or holds_files(table.by_name[name].declared) for name in names
    ):
        return [{"id": identity, **row} for (_, row, _), identity in zip(rows, ids, strict=True)]
    return [
        as_kept(transaction, context, table, identity, row, dict(zip(names, one, strict=True)))
        for (_, row, _), one, identity in zip(rows, given, ids, strict=True)
    ]


def goes_alone(session: Session, table: Table) -> object:
    """Something that is like nothing else when rows of a table cannot be written together, else None."""
    kinds = session.backend.alone
    return object() if kinds and any(column.kind in kinds for column in table.columns) else None


class RowChange(NamedTuple):
    """A row that is to be changed, by its id, and the new values of its columns as the database takes them."""

    identity: Value
    new: Row
    given: list[Value]


class Changing:
    """Changes of rows of a declared table that nobody watches.

    What is found by anything but a plain id goes `alone`. The same row a second time begins a new statement: what it
    is after each is asked for.
    """

    def __init__(self, session: Session, table: Table, alone: Callable[[Value, Row], Row | None]) -> None:
        self._session = session
        self._table = table
        self._change = alone
        self._plain = int if table.id.kind == "int" and goes_alone(session, table) is None else None
        self._seen: set[Value] = set()
        self._turn = 0
        self._encoders: dict[tuple[str, ...], Callable[[list[Value]], list[Value]]] = {}

    def update(self, items: Iterable[Item], make: Callable[[Item], tuple[Value, Row]]) -> list[Row | None]:
        """Change rows: `make` gives the id and the new values for an item. The rows after it, None for one that is not
        there."""
        waiting = Together(self._session, self._alike, self._together, self._alone, lambda *_: None)
        return waiting.write(items, lambda item: self._encoded(*make(item)))

    def _encoded(self, identity: Value, new: Row) -> RowChange:
        key = tuple(new)
        encode = self._encoders.get(key)
        if encode is None:
            encode = self._encoders[key] = row_encoder(self._session, self._table, key)
        return RowChange(identity, new, encode(list(new.values())))

    def _alike(self, change: RowChange) -> object:
        plain = change.identity.__class__ is self._plain and bool(change.new)
        if not plain or change.identity in self._seen:
            self._seen.clear()
            self._turn += 1
        if plain:
            self._seen.add(change.identity)
        return self._turn, plain, tuple(change.new)

    def _alone(self, change: RowChange) -> Row | None:
        return self._change(change.identity, change.new)

    def _together(self, changes: list[RowChange]) -> list[Row | None]:
        session, table = self._session, self._table
        reader = session.backend.reader(table, hidden=True)
        given = [[*change.given, change.identity] for change in changes]
        names = list(changes[0].new)
        found = session.backend.update_many(session.transaction, table, names, given, reader.names)
        place = reader.names.index("id")
        rows = {row[place]: with_addresses(session.context, table, reader.read(row)) for row in found}
        return [rows.get(change.identity) for change in changes]


def row_encoder(session: Session, table: Table, names: Sequence[str]) -> Callable[[list[Value]], list[Value]]:
    """What makes the values of a row, in the order of these columns, what the database takes; it changes the list."""
    backend = session.backend
    columns = [table.by_name[name] for name in names]
    needed = [
        (position, encode)
        for position, column in enumerate(columns)
        if (encode := backend.codecs.encode.get(column.kind)) is not None
    ]
    passes_null = table.declared

    def encode_row(values: list[Value]) -> list[Value]:
        try:
            for position, encode in needed:
                value = values[position]
                if value is not None or not passes_null:
                    values[position] = encode(value)
        except XanoScriptError:
            for column, value in zip(columns, values, strict=True):
                encoded(backend, table, column, value)  # which names the column
            raise
        return values

    return encode_row
