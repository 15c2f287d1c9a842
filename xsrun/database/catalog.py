"""The tables as one run sees them: found, made, grown by writes, and the warnings about them."""

from __future__ import annotations

from collections.abc import Collection

from xsrun.database.row_values import check_keys, encoded, insert_whole
from xsrun.database.tables import Table
from xsrun.errors import InputError, XanoScriptError
from xsrun.fields.declared import default_value
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.database.columns import ColumnDefinition
    from xsrun.database.database import Database
    from xsrun.database.plans import Plan
    from xsrun.database.transaction import Transaction
    from xsrun.running.context import Context

#: What SQLite and PostgreSQL say when another run made the same table or column before.
_MADE_ALREADY = ("duplicate column", "already exists", "Duplicate record detected")


class Catalog:
    """The tables of a run. What it makes in a transaction is not seen by others before that is committed."""

    __slots__ = ("backend", "context", "database", "plan", "transaction", "warned")

    def __init__(self, database: Database, transaction: Transaction, context: Context) -> None:
        self.database = database
        self.backend = database.backend
        self.transaction = transaction
        self.context = context
        #: what was warned of, in that order
        self.warned: dict[str, None] = {}
        #: the statement that runs, for the place of a warning
        self.plan: Plan | None = None

    # Finding -------------------------------------------------------------------------------------------------------

    def table(self, name: str, datasource: str | None = None) -> Table:
        """A table, of the current datasource unless one is named. An undeclared one that was not made yet has no rows,
        and a warning."""
        key = (name, datasource or self.context.datasource or "live")
        found = self.transaction.tables.get(key) or self.database.tables.get(key)
        if found is None:
            if name in self.database.broken:
                raise self.database.broken[name]
            found = self._find(*key)
        if found.definition is None and name not in self.warned:
            self._undeclared(name)
        return found

    def _find(self, name: str, datasource: str) -> Table:
        self.transaction.connect()
        declared = self.backend.declared_table(name, datasource)
        if declared is None:
            return self.database.undeclared(name, datasource)
        if declared.physical not in self.database.physical:
            self.make(declared)
            return declared
        found = self.database.as_stored(declared)
        if self._add_missing(found):
            self._note(found)
        else:
            self.database.publish({found.key: found})
        return found

    def _add_missing(self, table: Table) -> bool:
        """Add the columns that a file declares and the database does not have; whether there were any.

        Raises XanoScriptError where tables are changed by `xsrun db migrate` alone.
        """
        there = {column for column, _ in self.database.physical.get(table.physical, ())}
        stored = self.backend.stored_names(table)
        missing = [column for column in table.columns if stored[column.name] not in there]
        if missing and not self.database.follows_files:
            raise XanoScriptError(
                f'Column "{missing[0].name}" of table "{table.name}" is declared, but the database does not have it.',
                hint="bring the database up to date with: xsrun db migrate",
            )
        for column in missing:
            self.add_column(table, column)
        return bool(missing)

    # Making and growing --------------------------------------------------------------------------------------------

    def make(self, table: Table) -> None:
        """Make a table, with the rows that its file lists."""
        self._try(self.backend.creation(table))
        self._note(table)
        if table.definition is not None and self.database.fills and table.datasource == "live":
            for item in table.definition.items:
                check_keys(table, item)
                insert_whole(self.transaction, self.context, table, item)

    def add_column(self, table: Table, column: ColumnDefinition, name: str | None = None) -> None:
        """Add a declared column, perhaps under another name for the time being; rows get its default."""
        backend, transaction = self.backend, self.transaction
        name = name or backend.stored_names(table)[column.name]
        default = backend.default_text(column)
        self._try([backend.new_column(table, name, column.kind, default)])
        assert column.declared is not None
        value = None if default is not None else default_value(column.declared, self.context, column=True)
        if value is not None:
            quoted, given = backend.quote(name), backend.mark(column.kind)
            text = f"UPDATE {backend.quote(table.physical)} SET {quoted} = {given} WHERE {quoted} IS NULL"
            transaction.execute(text, [encoded(backend, table, column, value)], writes=True)

    def tell_others(self) -> None:
        """Tell other processes that tables were changed, where they do not see it by themselves."""
        for text in self.backend.telling:
            self.transaction.execute(text)

    def _note(self, table: Table) -> None:
        """Remember a table that was made or grown, for as long as the transaction that did it lasts."""
        self.tell_others()
        changed = {table.key: table}
        if self.transaction.depth:
            self.transaction.tables.update(changed)
        else:
            self.database.publish(changed)

    def grown(self, table: Table, names: Collection[str]) -> Table:
        """An undeclared table with columns of these names, made or enlarged."""
        new = [name for name in names if name not in table.by_name]
        if table.exists and not new:
            return table
        for name in new:
            _check_name(name, table)
        if not self.transaction.locks_writes:
            return self._grow(table, names)
        with self.transaction.turn():
            return self._grow(table, names)

    def _grow(self, table: Table, names: Collection[str]) -> Table:
        """Make the table or add columns; other runs may do the same at the same time."""
        backend = self.backend
        if not table.exists:
            made = backend.undeclared_table(table.name, table.datasource, tuple(names), table.id.kind)
            self._try(backend.creation(made))
        there = backend.existing_table(
            table.name, table.datasource, backend.columns_of(self.transaction.execute, table.physical)
        )
        missing = [name for name in names if name not in there.by_name]
        larger = backend.with_columns(there, missing)
        stored = backend.stored_names(larger)
        self._try([backend.new_column(table, stored[name]) for name in missing])
        self._note(larger)
        return larger

    def _try(self, statements: list[str]) -> None:
        """Execute statements; another run may have done the same before."""
        for statement in statements:
            try:
                self.transaction.execute(statement, writes=True)
            except XanoScriptError as error:
                if not any(part in str(error) for part in _MADE_ALREADY):
                    raise

    # Warnings ------------------------------------------------------------------------------------------------------

    def _undeclared(self, name: str) -> None:
        """The engine knows only declared tables; here others are made when they are written to (see the design)."""
        self.warned[name] = None
        if not self.backend.declares_any and not self.database.strict:
            return
        from xsrun.diagnostics.suggest import nearest

        close = nearest(name, self.backend.declared_names)
        hint = f"did you mean `{close}`?" if close else "declare it in a table file"
        if self.database.strict:
            raise InputError(
                "Invalid syntax: missing parameter - dbo", None, hint=f"no table `{name}` is declared; {hint}"
            )
        self.warn("XS710", f"the table `{name}` is not declared; on Xano this statement fails", hint, name)

    def warn(self, code: str, message: str, hint: str, about: str) -> None:
        """A warning at the statement that runs; only the first about the same thing counts."""
        from xsrun.diagnostics import Diagnostic

        key = f"{code} {about}"
        if key in self.warned:
            return
        self.warned[key] = None
        place = (self.plan.file, self.plan.line, self.plan.column) if self.plan is not None else ()
        self.context.warnings.append(Diagnostic("warning", code, message, hint, *place))

    def warnings_so_far(self) -> tuple[int, int]:
        """A mark among the warnings, for `take_back`."""
        return len(self.warned), len(self.context.warnings)

    def take_back(self, mark: tuple[int, int]) -> None:
        """Forget the warnings since a mark: what they are about did not come to pass."""
        warned, shown = mark
        for key in list(self.warned)[warned:]:
            del self.warned[key]
        del self.context.warnings[shown:]


def _check_name(name: str, table: Table) -> None:
    """Refuse a name that no database can give to a column."""
    if (
        not name
        or len(name.encode("utf-8", "replace")) > 63
        or "\0" in name
        or name != name.encode("utf-8", "ignore").decode()
    ):
        raise XanoScriptError(
            f'"{name[:80]}" cannot be a column of table "{table.name}".', hint="a column's name has 1 to 63 characters"
        )
