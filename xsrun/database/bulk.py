"""Statements about many rows at once (semantics 4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xsrun.database import rows, writing
from xsrun.database.plans import QueryPlan
from xsrun.database.prepared import Prepared
from xsrun.database.queries import Query
from xsrun.database.selects import SelectBuilder
from xsrun.database.stored_files import with_addresses
from xsrun.errors import MissingParamError, XanoScriptError
from xsrun.values.conversion import Value, as_list, truthy

if TYPE_CHECKING:
    from xsrun.database.session import Session

Items = list[dict[str, Value]]


def value_of(plan: QueryPlan, operands: tuple[Value, ...], name: str) -> Value:
    """The value of an attribute; null when it is not written."""
    index = plan.given.get(name)
    return None if index is None else operands[index]


def items_of(plan: QueryPlan, operands: tuple[Value, ...]) -> Items:
    """The rows that a statement was given. Raises XanoScriptError when they are no list of objects."""
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
    table = session.table(plan.table)
    keeps_ids = truthy(value_of(plan, operands, "allow_id_field"))
    added: Items = []
    with session.atomic():
        for item in items_of(plan, operands):
            data = item if keeps_ids or "id" not in item else {k: v for k, v in item.items() if k != "id"}
            table, row = writing.insert(session, table, data)
            added.append(row)
    for row in added:
        rows.after_write(session, table, "insert", row, {})
    return [rows.visible(table, row) for row in added]


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
    table = session.table(plan.table)
    changed: Items = []
    with session.atomic():
        for position, item in enumerate(items_of(plan, operands)):
            identity = item.get("id")
            if identity is None:
                raise MissingParamError(f"items.{position}.id")
            data = item["data"] if set(item) == {"id", "data"} and item["data"].__class__ is dict else item
            data = {key: value for key, value in data.items() if key != "id"}
            if whole and table.declared:
                data = writing.complete(session, table, data)
            elif whole:
                data = {**{column.name: None for column in table.columns if column.name != "id"}, **data}
            table, row = rows.update_row(session, table, "id", identity, data, nulls=True)
            if row is not None:
                changed.append(row)
    return [rows.visible(table, row) for row in changed]


def change_matching(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> int:
    """Set the same columns in all rows that meet a condition; how many they were."""
    table = session.table(plan.table)
    data = writing.changes(session, table, writing.object_of(value_of(plan, operands, "data")), nulls=True)
    if not table.exists:
        return 0
    with session.atomic():
        if not table.declared:
            table = session.grown(table, data)
        found = matching(session, plan, operands)
        for row in found:
            rows.update_row(session, table, "id", row["id"], data, nulls=True)
    return len(found)


def matching(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Items:
    """The rows that meet the condition of a plan, whole."""
    query = Query(session, plan, operands)
    query.output = ["id"]
    listing = query.listing(None, False)
    return query.read(listing, ())


def delete(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> int:
    """`db.bulk.delete`: delete the rows that meet a condition, all when there is none; how many they were."""
    table = session.table(plan.table)
    if not table.exists:
        return 0
    reader = rows.whole_reader(session, table)

    def make(builder: SelectBuilder) -> Prepared:
        stored = session.backend.stored(table)
        chosen = builder.select(builder.base.columns.c["id"]) if builder.conditions else None
        statement = sa.delete(stored) if chosen is None else sa.delete(stored).where(stored.c.id.in_(chosen))
        return builder.ready(statement.returning(*(stored.c[name] for name in reader.names)))

    query = Query(session, plan, operands)
    statement = query.statement("delete", make=make)
    found = session.execute(statement.sql, statement.parameters(query.all_operands(), session.context), writes=True)
    if rows.watched(session, table):
        for row in found:
            rows.after_write(session, table, "delete", {}, with_addresses(session, table, reader.read(row)))
    return len(found)
