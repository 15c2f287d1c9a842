"""What the names after `$db` mean in one query: which of them is a table, a column, a key of the JSON in one."""

from __future__ import annotations

import sqlalchemy as sa

from xsrun.database.columns import ColumnDefinition
from xsrun.database.plans import Column, name_below_db
from xsrun.database.tables import Table, unknown_column
from xsrun.errors import XanoScriptError
from xsrun.fields.declared import Declared
from xsrun.hints import NamedTuple
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import Expression


class TableSource(NamedTuple):
    """A table in a query, under its alias."""

    table: Table
    columns: sa.FromClause


class QueryColumns:
    """The tables of a query and the columns that its expressions name."""

    def __init__(self, sources: dict[str, TableSource], base: str, file: str) -> None:
        #: by table or alias, and by what `$db` makes of such a name
        self.sources = {**{name_below_db(name): source for name, source in sources.items()}, **sources}
        #: the same without regard to case (evidence H18)
        self.folded = {name.lower(): source for name, source in self.sources.items()}
        self.base = sources[base]
        self.base_name = base
        self.file = file
        #: is it a `where` that is compiled?
        self.in_condition = False

    def resolve(self, node: Column) -> tuple[TableSource, ColumnDefinition | None, list[str]]:
        """The source, the column's definition and the path into its JSON that `$db.a.b.c` means."""
        names = node.names
        source = self.sources.get(names[0]) if len(names) > 1 else None
        if source is None and len(names) > 1 and names[0] not in self.base.table.by_name:
            source = self.folded.get(names[0].lower())
            if source is None:
                raise self.unknown_source(node)
        if source is None:
            source, names = self.base, [self.base_name, *names]
        column, path = names[1], names[2:]
        definition = source.table.by_name.get(column)
        if definition is None and source.table.declared:
            error = unknown_column(source.table, column, file=self.file, at=node)
            if self.in_condition:
                raise self.refused(f"Unsupported parameter reference - {column}", node, error.hint)
            raise error
        return source, definition, path

    def shown(self, node: Column) -> str:
        """What the engine calls a column of a condition: TABLE.COLUMN."""
        names = node.names
        return ".".join(names if len(names) > 1 and names[0].lower() in self.folded else [self.base_name, *names])

    def unknown_source(self, node: Column) -> XanoScriptError:
        """The error of a name that is neither a table of the query nor a column."""
        known = ", ".join(dict.fromkeys(f"$db.{name_below_db(alias)}" for alias in self.sources))
        hint = f"`{node.names[0]}` is not a table of this query, nor a column of it; there is {known}"
        name = ".".join(node.names)
        if self.in_condition:
            return self.refused(f"Unsupported parameter reference - {name}", node, hint)
        return self.problem(f'Column "{name}" does not exist on table "{self.base.table.name}".', node, hint)

    def declared(self, node: Expression) -> Declared | None:
        """The declaration of the column that an expression is, lists and members of columns left out."""
        found = self.resolved(node)
        declared = None if found is None else found[1].declared
        return None if declared is None or declared.list_size is not None else declared

    def resolved(self, node: Expression) -> tuple[TableSource, ColumnDefinition] | None:
        """The source and the definition of the column that an expression is; None for any other expression."""
        column = unwrapped(node)
        if not isinstance(column, Column):
            return None
        source, definition, path = self.resolve(column)
        return None if definition is None or path else (source, definition)

    def is_list(self, node: Expression) -> bool:
        """Whether an expression is a declared list column."""
        found = self.resolved(node)
        declared = None if found is None else found[1].declared
        return declared is not None and bool(declared.list_size)

    def problem(self, message: str, node: Expression, hint: str | None = None) -> XanoScriptError:
        """An error at a node of the program."""
        return self.placed(XanoScriptError(message, hint=hint), node)

    def refused(self, message: str, node: Expression, hint: str | None) -> XanoScriptError:
        """An error of the request, 400."""
        refusal = XanoScriptError(message, code="ERROR_CODE_INPUT_ERROR", payload={"param": None}, hint=hint)
        return self.placed(refusal, node)

    def placed(self, error: XanoScriptError, node: Expression) -> XanoScriptError:
        """The error with the place of a node; those that came with a request have none."""
        if node.line:
            error.file, error.line, error.column = self.file, node.line, node.column
        return error
