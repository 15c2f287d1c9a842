"""Statements about many rows at once (semantics 4.8)."""

from __future__ import annotations

from functools import partial

from xsrun.database import rows, writing
from xsrun.database.many_rows import Changing, insert_all
from xsrun.database.plans import QueryPlan, value_of
from xsrun.database.queries import QueryExecution
from xsrun.database.row_values import object_of
from xsrun.database.session import Session
from xsrun.database.stored_files import with_addresses
from xsrun.database.tables import Table
from xsrun.database.writing import NewRow
from xsrun.errors import MissingParamError, XanoScriptError
from xsrun.values.conversion import Value, as_list, truthy

Items = list[dict[str, Value]]


def items_of(plan: QueryPlan, operands: tuple[Value, ...]) -> Items:
    """The rows that a statement was given. Raises XanoScriptError when they are not a list of objects."""
    given = value_of(plan, operands, "items")
    if given is None:
        return []
    items = [given] if given.__class__ is dict else as_list(given)
    for position, item in enumerate(items):
        if item.__class__ is not dict:
            raise XanoScriptError(f"items.{position} is not an object.", hint="bulk statements take a list of objects")
    return items


def add(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Items:
    """`db.bulk.add`: insert rows, all or none; their ids are dropped unless `allow_id_field` is set."""
    table = session.catalog.table(plan.table)
    keeps_ids = truthy(value_of(plan, operands, "allow_id_field"))

    def make(item: dict[str, Value]) -> NewRow:
        nonlocal table
        data = item if keeps_ids or "id" not in item else {k: v for k, v in item.items() if k != "id"}
        made = writing.new_row(session, table, data)
        table = made.table
        return made

    with session.transaction.atomic():
        added = insert_all(session, items_of(plan, operands), make)
    if rows.watched(session, table):
        for row in added:
            rows.after_write(session, table, "insert", row, {})
    return added if not table.hidden else [rows.visible(table, row) for row in added]


def update(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Value:
    """`db.bulk.update`: set whole rows; what an item leaves out goes back to its default."""
    return change_items(session, plan, operands, whole=True)


def patch(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Value:
    """`db.bulk.patch`: set only the keys that each item has."""
    return change_items(session, plan, operands, whole=False)


def change_items(session: Session, plan: QueryPlan, operands: tuple[Value, ...], *, whole: bool) -> Value:
    """Change rows by their ids; or, in the form with `data`, all rows that meet the condition."""
    if "data" in plan.given:
        return change_matching(session, plan, operands)
    table = session.catalog.table(plan.table)
    changed: list[dict[str, Value] | None] = []
    with session.transaction.atomic():
        items = enumerate(items_of(plan, operands))
        if table.declared and table.exists and not rows.watched(session, table):

            def make(numbered: tuple[int, dict[str, Value]]) -> tuple[Value, dict[str, Value]]:
                identity, data = change_of(session, table, *numbered, whole=whole)
                return identity, writing.changes(session, table, data, nulls=True)

            changed = Changing(session, table, partial(rows.change, session, table, "id")).update(items, make)
        else:
            for position, item in items:
                identity, data = change_of(session, table, position, item, whole=whole)
                table, row = rows.update_row(session, table, "id", identity, data, nulls=True)
                changed.append(row)
    return [rows.visible(table, row) for row in changed if row is not None]


def change_of(
    session: Session, table: Table, position: int, item: dict[str, Value], *, whole: bool
) -> tuple[Value, dict[str, Value]]:
    """The id that an item of a bulk change names, and what it sets. Raises MissingParamError."""
    identity = item.get("id")
    if identity is None:
        raise MissingParamError(f"items.{position}.id")
    data = item["data"] if set(item) == {"id", "data"} and item["data"].__class__ is dict else item
    data = {key: value for key, value in data.items() if key != "id"}
    if whole and table.declared:
        return identity, writing.complete(session, table, data)
    if whole:
        return identity, {**{column.name: None for column in table.columns if column.name != "id"}, **data}
    return identity, data


def change_matching(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> int:
    """Set the same columns in all rows that meet a condition, and count them."""
    table = session.catalog.table(plan.table)
    data = writing.changes(session, table, object_of(value_of(plan, operands, "data")), nulls=True)
    if not table.exists:
        return 0
    with session.transaction.atomic():
        if not table.declared:
            table = session.catalog.grown(table, data)
        found = matching(session, plan, operands)
        if table.declared and not rows.watched(session, table):
            same = [(row["id"], data) for row in found]
            Changing(session, table, partial(rows.change, session, table, "id")).update(same, lambda change: change)
        else:
            for row in found:
                rows.update_row(session, table, "id", row["id"], data, nulls=True)
    return len(found)


def matching(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Items:
    """The rows that meet the condition of a plan, whole."""
    query = QueryExecution(session, plan, operands)
    query.output = ["id"]
    listing = query.listing(None, False)
    return query.read(listing, ())


def delete(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> int:
    """`db.bulk.delete`: delete the rows that meet a condition, all of them when there is none, and count them."""
    table = session.catalog.table(plan.table)
    if not table.exists:
        return 0
    reader = session.backend.reader(table, hidden=True)

    query = QueryExecution(session, plan, operands)
    statement = query.prepare(lambda builder: builder.deletion(reader.names), "delete", reader.names).statement
    found = session.transaction.execute(
        statement.sql, statement.parameters(query.all_operands(), session.context), writes=True
    )
    if rows.watched(session, table):
        for row in found:
            rows.after_write(session, table, "delete", {}, with_addresses(session.context, table, reader.read(row)))
    return len(found)
