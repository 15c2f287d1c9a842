"""`db.query`: run a plan and shape what it binds (semantics 4.3 to 4.6)."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from xsrun.database.addons import add_on
from xsrun.database.columns import Codec, decode_loose
from xsrun.database.connection import Row
from xsrun.database.kept_sql import written_once
from xsrun.database.operands import code_of, flag, is_empty, kind_of_code, listed
from xsrun.database.outputs import pick
from xsrun.database.plans import QueryPlan, setting
from xsrun.database.prepared import Computed, Prepared, RowReader, WrittenSql
from xsrun.database.ready_sql import decoder, ready
from xsrun.database.request_conditions import Order, RequestCondition, direction_of, read_condition, read_order
from xsrun.database.row_streams import QueryStream, ReadyRows
from xsrun.database.rows import visible
from xsrun.database.session import Session
from xsrun.database.stored_files import addressed, base_of, files_of, with_addresses
from xsrun.database.tables import Table
from xsrun.fields.declared import Declared
from xsrun.hints import TYPE_CHECKING, NamedTuple
from xsrun.values.conversion import Value, as_int, not_allowed, truthy

if TYPE_CHECKING:
    from xsrun.database.selects import SelectBuilder

ReadRow = Callable[[Row], dict[str, Value]]

_KINDS = ("list", "single", "count", "exists", "stream", "aggregate")
#: Rows of a page when the program does not say how many (semantics 4.3).
_PER_PAGE = 25


class PageRange(NamedTuple):
    """Which part of the rows is asked for: the page of this number, after some rows that are left out."""

    number: int
    size: int
    left_out: int
    totals: bool
    metadata: bool

    @property
    def offset(self) -> int:
        """How many rows come before the page."""
        return (self.number - 1) * self.size + self.left_out


class QuerySettings(NamedTuple):
    """What a query is asked for beside its condition."""

    kind: Value
    distinct: bool
    output: Value
    external: dict[str, Value]
    searches: list[RequestCondition]
    order: list[Order]


class Output(NamedTuple):
    """A computed column: its name, how its values are read, and the declaration of the column it is if that holds
    files."""

    name: str
    decode: Codec | None
    files: Declared | None


class ReadyQuery(NamedTuple):
    """A prepared statement, and what it computes."""

    statement: Prepared
    computed: list[Output]


class Listing(NamedTuple):
    """A prepared list of rows and how to read it."""

    statement: Prepared
    reader: RowReader
    computed: list[Output]


class QueryExecution:
    """One execution of a plan."""

    def __init__(self, session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> None:
        self.session = session
        self.plan = plan
        self.operands = operands
        self.tables = [session.catalog.table(plan.table)]
        if plan.joins:
            self.tables += [session.catalog.table(join.table) for join in plan.joins]
        self.settings = plan.written_out
        if self.settings is None:
            self.settings = self.find_settings()
            if plan.is_written_out():
                plan.written_out = self.settings
        self.kind, self.distinct, self.output, self.external, self.searches, self.order = self.settings

    def find_settings(self) -> QuerySettings:
        """What the plan and the request ask for beside the condition."""
        plan, operands = self.plan, self.operands
        external = {name: setting(value, operands) for name, value in plan.external.items()}
        external = external_values(external) if plan.external else external
        kind, distinct = self.setting("returns", "list"), self.setting("distinct", None) == "yes"
        searches, order = self.find_searches(external), self.find_order(external)
        return QuerySettings(kind, distinct, setting(plan.output, operands), external, searches, order)

    def setting(self, name: str, default: Value) -> Value:
        value = setting(getattr(self.plan, name), self.operands)
        return default if value is None or value == "" else value

    @property
    def table(self) -> Table:
        return self.tables[0]

    def find_searches(self, external: dict[str, Value]) -> list[RequestCondition]:
        """The conditions that come with the request."""
        found: list[RequestCondition] = []
        operands = self.operands
        given = [("additional_where", self.plan.additional_where), ("search", external.get("search"))]
        for name, value in given:
            if value is not None:
                search = read_condition(setting(value, self.operands), operands, name)
                if search is not None:
                    found.append(search)
                    operands = search.operands
        return found

    def find_order(self, external: dict[str, Value]) -> list[Order]:
        """The sort keys: those of the request, else those of the program."""
        for name, value in (("override_sort", self.plan.override_sort), ("sort", external.get("sort"))):
            if value is not None:
                order = read_order(setting(value, self.operands), name)
                if order:
                    return order
        return [(key.name, direction_of(setting(key.direction, self.operands)), key) for key in self.plan.sort]

    def page(self) -> PageRange | None:
        """The page that is asked for; None when all rows are."""
        plan, external = self.plan, self.external
        if not plan.paged and external.get("page") is None and external.get("per_page") is None:
            return None

        def number(name: str, default: int, least: int) -> int:
            for value in (external.get(name), setting(plan.paging.get(name), self.operands)):
                if value is not None and value != "":
                    found = as_int(value)
                    return found if found >= least else default
            return default

        totals = setting(plan.paging.get("totals"), self.operands)
        metadata = setting(plan.paging.get("metadata"), self.operands)
        return PageRange(
            number("page", 1, 1),
            number("per_page", _PER_PAGE, 1),
            number("offset", 0, 0),
            truthy(totals),
            metadata is None or truthy(metadata),
        )

    # Prepared statements -------------------------------------------------------------------------------------------

    def signature(self) -> tuple[str, ...]:
        """The types of the operands, and what else about them decides the SQL."""
        plan = self.plan
        codes = [code_of(value) for value in self.operands]
        if not (plan.optional or plan.truths or plan.lists):
            return tuple(codes)
        for index in plan.optional | plan.truths:
            codes[index] += "-" if is_empty(self.operands[index]) or self.operands[index] == "false" else "+"
        for index in plan.lists:
            codes[index] += "".join(sorted({kind_of_code(code_of(item)) for item in listed(self.operands[index])}))
        return tuple(codes)

    def builder(self) -> SelectBuilder:
        from xsrun.database.selects import SelectBuilder

        return SelectBuilder(self.session.backend, self.plan, self.tables, self.operands, self.searches, self.order)

    def prepare(self, make: Callable[[SelectBuilder], WrittenSql], *what: Hashable) -> ReadyQuery:
        """What `make` writes, made once for the plan, the tables and the types of the operands; `what` tells it from
        other statements of the same plan."""
        if self.searches:  # their shape comes with the request
            return self.ready(make(self.builder()))
        order = tuple([(name, way) for name, way, _ in self.order]) if self.order else ()
        signature = self.signature()
        key = (self.plan, what, order, signature, *self.tables)
        kept = self.session.backend.queries
        found: ReadyQuery | None = kept.get(key)
        if found is None:
            tables = [table.facts() for table in self.tables]
            about = (self.plan.shape(), what, order, signature, *tables)
            written = written_once(self.session.backend, about, lambda: make(self.builder()))
            found = self.ready(written)
            kept.put(key, found)
        return found

    def ready(self, written: WrittenSql) -> ReadyQuery:
        """A statement that was written, ready to run."""
        backend = self.session.backend
        computed = [Output(one.name, decoder(backend, one), self.files(one)) for one in written.computed]
        return ReadyQuery(ready(backend, written), computed)

    def files(self, computed: Computed) -> Declared | None:
        """The declaration of the column that is computed, if that holds files."""
        if computed.files is None:
            return None
        table, column = computed.files
        return self.tables[table].by_name[column].declared

    def run(self, statement: Prepared, extra: tuple[Value, ...] = ()) -> list[Row]:
        """Execute a prepared statement with this run's operands."""
        return self.session.transaction.execute(statement.sql, self.parameters(statement, extra))

    def parameters(self, statement: Prepared, extra: tuple[Value, ...] = ()) -> list[Value]:
        """The parameters of a prepared statement in this run."""
        return statement.parameters((*self.all_operands(), *extra), self.session.context)

    def all_operands(self) -> tuple[Value, ...]:
        """The operands of the plan, and those that came with the request."""
        return self.searches[-1].operands if self.searches else self.operands

    def listing(self, page: PageRange | None, first: bool) -> Listing:
        """The prepared rows of a page, or all; found at once where nothing but the operands tells one run from another:
        a tenth of the time of a query that finds ten rows."""
        limited = page is not None
        if self.plan.lock is not None or self.settings is not self.plan.written_out:
            return self.make_listing(limited, first)
        kept = self.session.backend.queries
        key = (self.plan, limited, first, self.signature(), *self.tables)
        found: Listing | None = kept.get(key)
        if found is None:
            found = self.make_listing(limited, first)
            kept.put(key, found)
        return found

    def make_listing(self, limited: bool, first: bool) -> Listing:
        """The same, from what the database knows of such statements."""
        lock = flag(setting(self.plan.lock, self.operands), "lock") and self.session.transaction.depth > 0
        if lock:
            self.session.transaction.hold()
        reader = self.session.backend.reader(self.table, hidden=bool(self.plan.output or self.plan.addons))

        def make(builder: SelectBuilder) -> WrittenSql:
            return builder.listing(reader, distinct=self.distinct, limited=limited, first=first, lock=lock)

        ready = self.prepare(make, "list", limited, first, self.distinct, lock, reader.names)
        return Listing(ready.statement, reader, ready.computed)

    # Answers -------------------------------------------------------------------------------------------------------

    def answer(self) -> Value:
        """What the statement binds."""
        kind = self.kind
        if kind == "count":
            return self.counted()
        if kind == "exists":
            return bool(self.run(self.prepare(lambda builder: builder.exists(), "exists").statement))
        if kind == "single":
            rows = self.read(self.listing(None, True), ())
            return self.shaped(rows)[0] if rows else None
        if kind == "aggregate":
            return self.aggregated()
        if kind == "stream":
            return self.streamed()
        if kind != "list":
            known = ", ".join(_KINDS)
            raise not_allowed(kind, "return.type", f"it is one of {known}")
        return self.listed()

    def counted(self) -> Value:
        """The number of rows."""
        count = self.prepare(lambda builder: builder.count(distinct=self.distinct), "count", self.distinct)
        return self.run(count.statement)[0][0]

    def read(self, listing: Listing, extra: tuple[Value, ...]) -> list[dict[str, Value]]:
        """The rows of a listing as objects."""
        return self.read_rows(listing, self.run(listing.statement, extra))

    def read_rows(self, listing: Listing, rows: list[Row]) -> list[dict[str, Value]]:
        """Rows of a listing as objects."""
        if not listing.computed and not files_of(self.table):
            return listing.reader.read_all(rows)
        read = self.row_reader(listing)
        return [read(row) for row in rows]

    def row_reader(self, listing: Listing) -> ReadRow:
        plain, computed = listing.reader.read, listing.computed
        session, table = self.session, self.table
        read = (lambda row: with_addresses(session.context, table, plain(row))) if files_of(table) else plain
        if not computed:
            return read
        count = len(listing.reader.names)
        base = base_of(session.context) if any(one.files for one in computed) else ""

        def read_computed(row: Row) -> dict[str, Value]:
            made = read(row)
            for position, (name, decode, files) in enumerate(computed, count):
                value = row[position]
                value = value if decode is None or value is None else decode(value)
                made[name] = value if files is None else addressed(files, value, base)
            return made

        return read_computed

    def shaped(self, rows: list[dict[str, Value]]) -> list[dict[str, Value]]:
        """Rows with what `output` names, and with their addons."""
        output = self.output
        if not output and not self.plan.addons:
            return rows
        shown = [pick(row, output) if output else dict(visible(self.table, row)) for row in rows]
        if self.plan.addons:
            add_on(self.session, self.plan.addons, self.operands, list(zip(rows, shown, strict=True)))
        return shown

    def streamed(self) -> QueryStream:
        """The rows one after another. Those with addons come at once: addons run when the query does."""
        page = self.page()
        extra = (page.size, page.offset) if page is not None else ()
        listing = self.listing(page, False)
        if self.plan.addons or self.plan.lock is not None:
            shaped = self.shaped(self.read(listing, extra))
            return QueryStream(lambda: ReadyRows(shaped), list)
        parameters = self.parameters(listing.statement, extra)
        transaction = self.session.transaction
        stream = QueryStream(
            lambda: transaction.open_rows(listing.statement.sql, parameters),
            lambda rows: self.shaped(self.read_rows(listing, rows)),
        )
        transaction.keep_for_later(stream)
        return stream

    def listed(self) -> Value:
        page = self.page()
        if page is None:
            return self.shaped(self.read(self.listing(None, False), ()))
        rows = self.read(self.listing(page, False), (page.size + 1, page.offset))
        if not page.metadata:
            return self.shaped(rows[: page.size])
        return self.enveloped(page, rows, self.counted() if page.totals else None)

    def enveloped(self, page: PageRange, rows: list[dict[str, Value]], total: int | None) -> Value:
        """The paging envelope, in the engine's order of keys; `output` selects from it (semantics 4.3)."""
        output, self.output = self.output, None
        items = self.shaped(rows[: page.size])
        envelope: dict[str, Value] = {
            "itemsReceived": len(items),
            "curPage": page.number,
            "nextPage": page.number + 1 if len(rows) > page.size else None,
            "prevPage": page.number - 1 if page.number > 1 else None,
            "offset": page.offset,
            "perPage": page.size,
        }
        if total is not None:
            envelope["itemsTotal"] = total
            envelope["pageTotal"] = -(-total // page.size)
        envelope["items"] = items
        if not output:
            return envelope
        added = [f"items.{'.'.join(addon.path)}" for addon in self.plan.addons]
        hidden_free = pick(self.with_hidden(envelope, rows, page, output), [*output, *added])
        return hidden_free or []

    def with_hidden(
        self, envelope: dict[str, Value], rows: list[dict[str, Value]], page: PageRange, output: list[str]
    ) -> dict[str, Value]:
        """The envelope, its items with the internal columns that the output names."""
        hidden = [name for name in self.table.by_name if name in self.table.hidden and f"items.{name}" in output]
        if not hidden:
            return envelope
        items = [
            {**item, **{name: row[name] for name in hidden}}
            for item, row in zip(envelope["items"], rows[: page.size], strict=True)
        ]
        return {**envelope, "items": items}

    def aggregated(self) -> Value:
        page = self.page()
        limited = page is not None
        statement, computed = self.prepare(lambda builder: builder.aggregate(limited=limited), "aggregate", limited)
        found = self.run(statement, (page.size + 1, page.offset) if page is not None else ())
        rows = [
            {name: value if decode is None or value is None else decode(value) for (name, decode, _), value in pairs}
            for pairs in (zip(computed, row, strict=True) for row in found)
        ]
        if page is None or not page.metadata:
            return rows if page is None else rows[: page.size]
        groups = self.prepare(lambda builder: builder.group_count(), "groups")
        total = self.run(groups.statement)[0][0] if page.totals else None
        return self.enveloped(page, rows, total)


def external_values(external: dict[str, Value]) -> dict[str, Value]:
    """The settings of an external block: those of its object, with the names that requests use."""
    found = {name: value for name, value in external.items() if name not in ("value", "permissions")}
    whole = decode_loose(external.get("value"))
    if whole.__class__ is dict:
        allowed = external.get("permissions")
        names: dict[Value, str] = {"perPage": "per_page", "expression": "search", "filter": "search"}
        for name, value in whole.items():
            plain = names.get(name) or str(name)
            if allowed.__class__ is not dict or truthy(allowed.get(plain, True)):
                found[plain] = value
    return {name: None if value == "" else value for name, value in found.items()}
