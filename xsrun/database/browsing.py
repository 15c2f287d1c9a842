"""Looking through a table: pages by key, filters and orders that an index answers, and scans that can be stopped.

A page begins behind the last row of the one before it, whose values of the sort column and of the id are its key, so
that the thousandth page costs what the first does. What no index answers is a scan: on SQLite it goes piece by piece in
the order of the ids, so that others have their turns in between; on a server it is one statement that others do not
notice. Rows with a null in the sort column come last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from xsrun.database.columns import DOCUMENTS, NUMBERS, ColumnDefinition
from xsrun.database.row_values import encoded
from xsrun.database.sql import Condition, Sql, type_of
from xsrun.errors import InputError, UsageError
from xsrun.hints import TYPE_CHECKING, NamedTuple
from xsrun.records import made, record
from xsrun.values.conversion import Value, from_json

if TYPE_CHECKING:
    from xsrun.database.connection import Row
    from xsrun.database.prepared import RowReader
    from xsrun.database.session import Session
    from xsrun.database.tables import Table

#: Rows of a piece of a scan.
PIECE = 20_000
#: Rows up to which a table is counted unless somebody wants to know.
COUNTED = 10_000
TESTS = ("=", "!=", "<", "<=", ">", ">=", "contains", "begins with", "is null", "is not null")
#: Tests that an index over the column answers.
_INDEXED = frozenset(("=", "<", "<=", ">", ">="))

#: Told how many rows were looked at; says whether to go on.
Watch = Callable[[int], bool]
#: Where a page begins: the value of the sort column and the id of the row before it.
Key = tuple[Value, Value]


class RowFilter(NamedTuple):
    """A condition on a column: one of `TESTS`, and what it compares with, as text."""

    column: str
    test: str
    value: str = ""


@record
class RowView:
    """Which rows, in which order. The id decides between rows of equal values."""

    filters: list[RowFilter] = made(factory=list)
    sort: str = "id"
    descending: bool = False


@record
class RowPage:
    """Rows of a view. `after` is the key of the next page, None at the end; `sql` and `parameters` are what was asked.

    A scan has looked at `scanned` rows; it was `stopped` before its end when somebody said so.
    """

    rows: list[dict[str, Value]]
    after: Key | None
    sql: str
    parameters: list[Value]
    scan: bool
    scanned: int = 0
    stopped: bool = False


def indexed_columns(table: Table) -> set[str]:
    """The columns that an index begins with."""
    indexes = table.definition.indexes if table.definition is not None else ()
    return {"id", *(index.columns[0][0] for index in indexes if index.kind == "btree")}


def is_scan(table: Table, view: RowView) -> bool:
    """Does a view need to look at every row?"""
    indexed = indexed_columns(table)
    if not view.filters:
        return view.sort not in indexed
    answered = [one for one in view.filters if one.test in _INDEXED and one.column in indexed]
    # rows of equal values come in the order of their ids, and in the order of the column that the range is over
    return not any(one.column == view.sort or (one.test == "=" and view.sort == "id") for one in answered)


class Browser:
    """One look at a table in the session of a run."""

    def __init__(self, session: Session, name: str, view: RowView) -> None:
        self.session = session
        self.table: Table = session.catalog.table(name)
        self.view = view
        self.source = session.backend.writer.source(self.table)
        self.reader: RowReader = session.backend.reader(self.table, hidden=True)
        self.sort: ColumnDefinition = self.column(view.sort)
        self.conditions = [self.condition(one) for one in view.filters]

    def column(self, name: str) -> ColumnDefinition:
        """A column by name. Raises UsageError."""
        found = self.table.by_name.get(name)
        if found is None:
            raise UsageError(f"the table `{self.table.name}` has no column `{name}`")
        return found

    # Conditions ----------------------------------------------------------------------------------------------------

    def condition(self, wanted: RowFilter) -> Condition:
        """A filter as SQL. Raises UsageError for a value that the column cannot have."""
        column = self.column(wanted.column)
        sql: Sql = self.source.c[column.name]
        if wanted.test not in TESTS:
            raise UsageError(f"there is no test `{wanted.test}`", hint=f"it is one of {', '.join(TESTS)}")
        if wanted.test in ("is null", "is not null"):
            return sql.is_(None) if wanted.test == "is null" else sql.is_not(None)
        if wanted.test in ("contains", "begins with"):
            escaped = wanted.value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            pattern = f"{'%' if wanted.test == 'contains' else ''}{escaped}%"
            return sa.cast(sql, sa.Text).ilike(pattern, escape="\\")
        given = sa.literal(self.stored(column, wanted.value), type_of(column.kind))
        operators: dict[str, Callable[[Sql, Sql], Condition]] = {
            "=": lambda a, b: a == b,
            "!=": lambda a, b: a != b,
            "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b,
            ">": lambda a, b: a > b,
            ">=": lambda a, b: a >= b,
        }
        return operators[wanted.test](sql, given)

    def stored(self, column: ColumnDefinition, text: str) -> Value:
        """What is typed as the database holds it."""
        try:
            return encoded(self.session.backend, self.table, column, self.typed(column, text.strip()))
        except (ValueError, InputError):
            raise UsageError(f"`{text[:80]}` is not a value of the column `{column.name}`") from None

    def typed(self, column: ColumnDefinition, text: str) -> Value:
        """What is typed as a value of the column's kind. Raises ValueError or InputError."""
        if column.kind == "bool":
            if text.lower() not in ("true", "false", "1", "0"):
                raise ValueError
            return text.lower() in ("true", "1")
        if column.kind == "timestamp" and column.declared is not None and not text.lstrip("-").isdigit():
            return column.declared.write(text, self.session.context, column.name)
        if column.kind in NUMBERS:
            return float(text) if column.kind == "decimal" else int(text)
        if column.kind in DOCUMENTS:
            try:
                return from_json(text)
            except ValueError:
                return text
        return text

    # Pages ---------------------------------------------------------------------------------------------------------

    def page(self, after: Key | None, limit: int, watch: Watch = lambda rows: True) -> RowPage:
        """The rows behind a key."""
        scan = self.table.exists and is_scan(self.table, self.view)
        text = self.text([*self.conditions, *self.behind(after)], limit + 1)
        if not scan or not self.session.transaction.locks_writes:
            watch(0)
            rows = self.run(text)
            if len(rows) <= limit and self.ends_with_nulls and (after is None or after[0] is not None):
                nulls = [*self.conditions, self.sort_column.is_(None)]
                rows += self.run(self.text(nulls, limit + 1 - len(rows)))
            return self.made(rows, limit, text, scan)
        rows, scanned, stopped = self.scanned(after, limit, watch)
        return self.made(rows, limit, text, scan, scanned, stopped)

    @property
    def sort_column(self) -> Sql:
        column: Sql = self.source.c[self.sort.name]
        return column

    @property
    def ends_with_nulls(self) -> bool:
        return self.sort.name != "id"

    def behind(self, after: Key | None) -> list[Condition]:
        """The conditions of what comes behind a key; rows with nulls come by themselves, behind all others."""
        column, identity = self.sort_column, self.source.c.id
        down = self.view.descending
        if after is None:
            return [column.is_not(None)] if self.ends_with_nulls else []
        value, last = after
        key: Sql = sa.literal(last, type_of(self.table.id.kind))
        if not self.ends_with_nulls:
            return [identity < key if down else identity > key]
        if value is None:
            return [column.is_(None), identity < key if down else identity > key]
        pair = sa.tuple_(column, identity)
        given = sa.tuple_(sa.literal(value, type_of(self.sort.kind)), key)
        return [column.is_not(None), pair < given if down else pair > given]

    def text(self, conditions: Sequence[Condition], limit: int) -> tuple[str, list[Value]]:
        """A statement for some rows, and its parameters."""
        columns = [self.source.c[name] for name in self.reader.names]
        identity: Sql = self.source.c.id.desc() if self.view.descending else self.source.c.id
        order: list[Sql] = [identity]
        if self.ends_with_nulls:
            order = [self.sort_column.desc() if self.view.descending else self.sort_column, identity]
        made = self.session.backend.writer.text(sa.select(*columns).where(*conditions).order_by(*order).limit(limit))
        return made.sql, [made.fixed[name] for name in made.order]

    def run(self, text: tuple[str, list[Value]]) -> list[Row]:
        return self.session.transaction.execute(*text)

    def made(
        self,
        rows: list[Row],
        limit: int,
        text: tuple[str, list[Value]],
        scan: bool,
        scanned: int = 0,
        stopped: bool = False,
    ) -> RowPage:
        after = self.key(rows[limit - 1]) if len(rows) > limit else None
        return RowPage([self.reader.read(row) for row in rows[:limit]], after, *text, scan, scanned, stopped)

    def key(self, row: Row) -> Key:
        """The key of a row, as the database holds it."""
        return row[self.reader.names.index(self.sort.name)], row[self.reader.names.index("id")]

    # Scans ---------------------------------------------------------------------------------------------------------

    def scanned(self, after: Key | None, limit: int, watch: Watch) -> tuple[list[Row], int, bool]:
        """The first rows behind a key, found piece by piece; how many were looked at; was it stopped?"""
        best: list[Row] = []
        scanned = 0
        behind = self.behind(after)
        for first, last, size in self.pieces(after):
            if not watch(scanned):
                return best, scanned, True
            bounds = [*([self.source.c.id > first] if first is not None else []), self.source.c.id <= last]
            rows = self.run(self.text([*self.conditions, *behind, *bounds], limit + 1))
            if self.ends_with_nulls and len(rows) <= limit and (after is None or after[0] is not None):
                rows += self.run(
                    self.text([*self.conditions, self.sort_column.is_(None), *bounds], limit + 1 - len(rows))
                )
            scanned += size
            best = self.merged(best, rows, limit + 1)
            if not self.ends_with_nulls and not self.view.descending and len(best) > limit:
                break  # the pieces come in the order of the ids: what follows comes later
        watch(scanned)
        return best, scanned, False

    def pieces(self, after: Key | None) -> Iterator[tuple[Value, Value, int]]:
        """The ids before a piece and at its end, and how many rows it has."""
        identity = self.source.c.id
        first = after[1] if after is not None and not self.ends_with_nulls and not self.view.descending else None
        backend = self.session.backend
        while True:
            given = [identity > sa.literal(first, type_of(self.table.id.kind))] if first is not None else []
            ids = sa.select(identity).where(*given).order_by(identity).limit(PIECE).subquery()
            made_ = backend.writer.text(sa.select(sa.func.max(ids.c.id), sa.func.count()).select_from(ids))
            last, size = self.run((made_.sql, [made_.fixed[name] for name in made_.order]))[0]
            if not size:
                return
            assert isinstance(size, int)
            yield first, last, size
            first = last

    def merged(self, best: list[Row], rows: list[Row], limit: int) -> list[Row]:
        """The first of two lists in the order of the view, as SQLite has it."""
        keys = {id(row): self.key(row) for row in (*best, *rows)}
        down = self.view.descending
        some = [row for row in (*best, *rows) if keys[id(row)][0] is not None]
        none = [row for row in (*best, *rows) if keys[id(row)][0] is None]
        some.sort(key=lambda row: keys[id(row)], reverse=down)
        none.sort(key=lambda row: keys[id(row)][1], reverse=down)
        return [*some, *none][:limit]

    def count(self, most: int | None = COUNTED) -> tuple[int, bool]:
        """How many rows there are, counted no further than `most`; and whether these are all."""
        limited: sa.Select[tuple[Value]] = (
            sa.select(sa.literal_column("1")).select_from(self.source).where(*self.conditions)
        )
        if most is not None:
            limited = limited.limit(most + 1)
        text = self.session.backend.writer.text(sa.select(sa.func.count()).select_from(limited.subquery()))
        found = self.run((text.sql, [text.fixed[name] for name in text.order]))[0][0]
        assert isinstance(found, int)
        return (found, True) if most is None or found <= most else (most, False)
