"""From a query plan to SQL: sources, conditions, order, and what is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from xsrun.database.backend import Backend
from xsrun.database.columns import DOCUMENTS
from xsrun.database.expressions import SqlExpressionCompiler
from xsrun.database.plans import Column, JoinPlan, NamedExpression, QueryPlan, SortKey
from xsrun.database.prepared import Computed, RowReader, WrittenSql
from xsrun.database.query_columns import TableSource
from xsrun.database.request_conditions import Order, RequestCondition
from xsrun.database.sql import Sql, apply
from xsrun.database.stored_files import holds_files
from xsrun.database.tables import Table, unknown_column
from xsrun.database.typed_sql import TypedSql
from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.syntax.nodes import Expression

    #: A select whose columns the program chooses.
    Select = sa.Select[*tuple[Value, ...]]


class SelectBuilder:
    """The SQL of one query plan, for the types of the operands at hand."""

    def __init__(
        self,
        backend: Backend,
        plan: QueryPlan,
        tables: list[Table],
        operands: tuple[Value, ...],
        searches: list[RequestCondition],
        order: list[Order],
    ) -> None:
        self.backend = backend
        self.plan = plan
        self.tables = tables
        self.table = tables[0]
        self.order = order
        sources = {plan.table: TableSource(tables[0], self.backend.writer.source(tables[0]))}
        for join, table in zip(plan.joins, tables[1:], strict=True):
            sources[join.alias] = TableSource(table, self.backend.writer.source(table, join.alias))
        self.base = sources[plan.table]
        self.compiler = SqlExpressionCompiler(backend, sources, plan.table, operands, file=plan.file)
        self.rows: sa.FromClause = self.base.columns
        for join in plan.joins:
            self.rows = self._joined(join, sources[join.alias].columns)
        found = [self.compiler.where(plan.condition)] if plan.condition is not None else []
        for search in searches:
            self.compiler.parameters.operands = search.operands
            found.append(self.compiler.where(search.tree))
        self.conditions = [one for one in found if one is not None]
        self.evals = [(entry.name, self.plain(entry)) for entry in plan.evals]

    def _joined(self, join: JoinPlan, other: sa.FromClause) -> sa.FromClause:
        condition = self.compiler.where(join.condition) if join.condition is not None else None
        on = sa.true() if condition is None else condition
        if join.kind == "right":
            return other.outerjoin(self.rows, on)
        return self.rows.join(other, on, isouter=join.kind == "left")

    def plain(self, entry: NamedExpression) -> TypedSql:
        """An expression whose value is selected: an operand gets the kind of its own."""
        return self.compiler.settled(self.compiler.value(entry.expression), entry.expression)

    def select(self, *columns: Sql) -> Select:
        """A select of these columns over the rows that meet the conditions."""
        query = sa.select(*columns).select_from(self.rows)
        return query.where(*self.conditions) if self.conditions else query

    def written(self, query: sa.ClauseElement, computed: Sequence[Computed] = ()) -> WrittenSql:
        return self.compiler.parameters.write(query, computed)

    # Rows ----------------------------------------------------------------------------------------------------------

    def listing(self, reader: RowReader, *, distinct: bool, limited: bool, first: bool, lock: bool) -> WrittenSql:
        """All rows, the first one, or (with two operands more) a page of them."""
        query = self.select(*self.columns(reader))
        keys = self.sort_keys()
        if distinct:
            query = self.distinct(query, reader, keys)
        else:
            query = query.order_by(*keys)
        if first:
            query = query.limit(1)
        if limited:
            query = query.limit(self.extra(0)).offset(self.extra(1))
        if lock and self.table.exists:
            query = query.with_for_update(of=self.base.columns)
        return self.written(query, self.computed())

    def columns(self, reader: RowReader) -> list[Sql]:
        """The columns of the rows, and what is computed of them."""
        found: list[Sql] = [self.base.columns.c[name] for name in reader.names]
        return found + [typed.sql.label(f"eval_{position}") for position, (_, typed) in enumerate(self.evals)]

    def extra(self, number: int) -> sa.BindParameter[int]:
        """A parameter that comes after the operands of the plan: limit and offset."""
        parameters = self.compiler.parameters
        return parameters.as_given(len(parameters.operands) + number, sa.BigInteger())

    def distinct(self, query: Select, reader: RowReader, keys: list[Sql]) -> Select:
        """Distinct rows, ordered by keys that are among the selected columns."""
        inner = query.distinct().subquery("rows")
        mapping = dict(zip(query.selected_columns, inner.c, strict=True))

        def moved(element: sa.ClauseElement, **_: Value) -> sa.ClauseElement | None:
            return next((column for original, column in mapping.items() if original is element), None)

        adapted = [sa.sql.visitors.replacement_traverse(key, {}, moved) for key in keys]
        return sa.select(*inner.c).order_by(*adapted)

    def sort_keys(self) -> list[Sql]:
        """The order: the keys of `sort`, then the id."""
        evals = dict(self.evals)
        return [*self.keys(lambda name, at: evals.get(name) or self.sort_column(name, at)), self.base.columns.c["id"]]

    def keys(self, find: Callable[[str, SortKey | None], TypedSql]) -> list[Sql]:
        """The keys of `sort`, what each names found by `find`."""
        found: list[Sql] = []
        for name, direction, at in self.order:
            found += [sa.func.random()] if direction == "rand" else sorted_by(find(name, at), direction)
        return found

    def sort_column(self, name: str, at: SortKey | None) -> TypedSql:
        """The column that a sort key names: `column`, `table.column`, perhaps with a path into JSON."""
        names = name.split(".")
        if (
            len(names) > 1
            and names[0].lower() not in self.compiler.columns.folded
            and names[0] not in self.table.by_name
        ):
            raise unknown_column(self.table, name, file=self.plan.file, at=at)
        column = Column(names)
        if at is not None:
            column.line, column.column = at.line, at.column
        return self.compiler.column(column)

    def computed(self) -> list[Computed]:
        """The columns that `eval` adds."""
        entries = zip(self.evals, self.plan.evals, strict=True)
        return [
            Computed(name, typed.kind, typed.element, self.files(entry.expression)) for (name, typed), entry in entries
        ]

    def files(self, expression: Expression) -> tuple[int, str] | None:
        """The column that an expression is, if that holds files."""
        found = self.compiler.columns.resolved(expression)
        if found is None or not holds_files(found[1].declared):
            return None
        source, column = found
        return self.tables.index(source.table), column.name

    def count(self, *, distinct: bool) -> WrittenSql:
        if not distinct:
            return self.written(self.select(sa.func.count()))
        columns: list[Sql] = [self.base.columns.c[column.name] for column in self.table.columns]
        columns += [typed.sql.label(f"eval_{position}") for position, (_, typed) in enumerate(self.evals)]
        inner = self.select(*columns).distinct().subquery("rows")
        return self.written(sa.select(sa.func.count()).select_from(inner))

    def exists(self) -> WrittenSql:
        return self.written(self.select(sa.literal_column("1")).limit(1))

    # By groups of what is computed last ------------------------------------------------------------------------------

    def first_of_each(self, reader: RowReader) -> WrittenSql:
        """The first row of each group, in the order of the query."""
        key = self.evals[-1][1].sql
        place = sa.func.row_number().over(partition_by=key, order_by=self.sort_keys()).label("place")
        inner = self.select(*self.columns(reader), place).subquery("rows")
        query = sa.select(*list(inner.c)[:-1]).where(inner.c.place == sa.literal_column("1"))
        return self.written(query, self.computed())

    def count_of_each(self) -> WrittenSql:
        """The key of each group and the number of its rows."""
        key = self.evals[-1][1].sql
        return self.written(self.select(key, sa.func.count()).group_by(key))

    def groups_there(self) -> WrittenSql:
        """The keys of the groups that have rows."""
        return self.written(self.select(self.evals[-1][1].sql).distinct())

    # Deletion ------------------------------------------------------------------------------------------------------

    def deletion(self, names: Sequence[str]) -> WrittenSql:
        """The deletion of the rows that meet the conditions, which gives these columns of them."""
        stored = self.backend.writer.stored(self.table)
        chosen = self.select(self.base.columns.c["id"]) if self.conditions else None
        statement = sa.delete(stored) if chosen is None else sa.delete(stored).where(stored.c.id.in_(chosen))
        return self.written(statement.returning(*(stored.c[name] for name in names)))

    # Aggregates ----------------------------------------------------------------------------------------------------

    def aggregate(self, *, limited: bool) -> WrittenSql:
        """Groups and what is computed over each."""
        groups = [(entry.name, self.group_key(entry)) for entry in self.plan.groups]
        self.compiler.aggregating = True
        results = [(entry.name, self.plain(entry)) for entry in self.plan.aggregates]
        self.compiler.aggregating = False
        columns = [*groups, *results] or [("count", TypedSql("int", sa.func.count()))]
        query = self.select(*(typed.sql.label(f"column_{position}") for position, (_, typed) in enumerate(columns)))
        if groups:
            query = query.group_by(*(sa.literal_column(str(position)) for position in range(1, len(groups) + 1)))
        inner = query.subquery("groups")
        outer = {
            name: TypedSql(typed.kind, column, element=typed.element)
            for (name, typed), column in zip(columns, inner.c, strict=True)
        }
        keys = self.keys(lambda name, at: self.aggregate_key(outer, name, at))
        for name, _ in groups:
            keys += sorted_by(outer[name], "asc")
        final = sa.select(*inner.c).order_by(*keys)
        if limited:
            final = final.limit(self.extra(0)).offset(self.extra(1))
        return self.written(final, [Computed(name, typed.kind, typed.element, None) for name, typed in columns])

    def group_key(self, entry: NamedExpression) -> TypedSql:
        """What a group has in common; a JSON null and no value at all are the same."""
        typed = self.plain(entry)
        return TypedSql("json", apply("json_or_null", "json", typed.sql)) if typed.kind == "json" else typed

    def aggregate_key(self, outer: dict[str, TypedSql], name: str, at: SortKey | None) -> TypedSql:
        found = outer.get(name) or outer.get(name.rpartition(".")[2])
        if found is None:
            error = XanoScriptError(
                f'"{name}" is neither a group nor an aggregate of this query.',
                hint=f"its columns are: {', '.join(outer)}",
            )
            if at is not None:
                error.file, error.line, error.column = self.plan.file, at.line, at.column
            raise error
        return found

    def group_count(self) -> WrittenSql:
        """The number of groups."""
        groups = [
            self.group_key(entry).sql.label(f"column_{position}") for position, entry in enumerate(self.plan.groups)
        ]
        if not groups:
            return self.written(sa.select(sa.literal_column("1")))
        inner = self.select(*groups).distinct().subquery("groups")
        return self.written(sa.select(sa.func.count()).select_from(inner))


def sorted_by(typed: TypedSql, direction: str) -> list[Sql]:
    """The keys that sort by an expression: nulls last when ascending and first when descending, as in PostgreSQL."""
    if typed.kind in DOCUMENTS or typed.kind == "list":
        kinds = {"json_number": "decimal", "json_text": "text", "json_source": "text"}
        parts = [apply(name, kind, typed.sql) for name, kind in kinds.items()]
    else:
        parts = [typed.sql]
    if direction == "desc":
        return [sa.nulls_first(part.desc()) for part in parts]
    return [sa.nulls_last(part.asc()) for part in parts]
