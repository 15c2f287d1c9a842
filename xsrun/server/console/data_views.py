"""The tables in the console: what they are, their rows, and writes as a program's statements would do them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from xsrun.errors import UsageError
from xsrun.running.secrets import MASK
from xsrun.server.console.calls import ApiCall, handles, missing, wrong
from xsrun.values.conversion import Value, from_json
from xsrun.values.json_errors import JsonError
from xsrun.workspace.result import end_session

if TYPE_CHECKING:
    from xsrun.database.browsing import Key, RowView
    from xsrun.database.session import Session
    from xsrun.database.tables import Table
    from xsrun.fields.declared import Declared


@contextmanager
def session_of(call: ApiCall) -> Iterator[Session]:
    """A session on the data source and, where its address names one, for the table that a call asks for. Both must be
    there: looking makes neither. Raises XanoScriptError."""
    from xsrun.database.isolation import table_names

    context = call.workspace.context(datasource=datasource_of(call))
    try:
        if call.parts and call.parts[0] not in table_names(context.session):
            raise missing(f"there is no table `{call.parts[0]}`")
        yield context.session
    finally:
        end_session(context)


def datasource_of(call: ApiCall, given: Value = None) -> str:
    """The data source of a call, as `given` or by its address. Raises XanoScriptError for an unknown one."""
    name = str(given or call.text("datasource") or "live")
    known = datasources(call)
    if name not in known:
        raise wrong(f"there is no data source `{name}`", f"there are: {', '.join(known)}")
    return name


# What there is --------------------------------------------------------------------------------------------------------


@handles("GET", "tables")
def tables(call: ApiCall) -> dict[str, Value]:
    """The tables of a data source with their columns, indexes, references and numbers of rows."""
    from xsrun.database.isolation import table_names

    files = {one.name: one.file for one in call.workspace.constructs if one.kind == "table"}
    found = []
    with session_of(call) as session:
        for name in table_names(session):
            if name in session.database.broken:
                found.append({"name": name, "file": files.get(name), "broken": str(session.database.broken[name])})
            else:
                found.append({**described(session, name), "file": files.get(name)})
    auth = {one.name for one in call.workspace.constructs if one.kind == "table" and _is_auth(one.attribute("auth"))}
    return {"tables": [{**one, "auth": one["name"] in auth} for one in found], "datasources": datasources(call)}


def datasources(call: ApiCall) -> list[str]:
    """The data sources that have tables, those that requests may name, and those that always are."""
    from xsrun.database.tables import logical_name

    there = {logical_name(stored)[1] for stored in call.workspace.database.physical}
    named = {*call.snapshot.datasources, *call.console.settings.datasources}
    return sorted({"live", "test", *named, *there}, key=lambda name: (name != "live", name))


def _is_auth(node: object) -> bool:
    return getattr(node, "value", None) is True


def described(session: Session, name: str) -> dict[str, Value]:
    """A table: columns, indexes, how many rows."""
    from xsrun.database.browsing import Browser, RowView, indexed_columns

    table = session.catalog.table(name)
    count, all_ = Browser(session, name, RowView()).count()
    indexes = table.definition.indexes if table.definition is not None else ()
    indexed = indexed_columns(table)
    return {
        "name": name,
        "declared": table.declared,
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "indexed": column.name in indexed,
                **(field_of(column.declared) if column.declared is not None else {"type": column.kind}),
            }
            for column in table.columns
        ],
        "indexes": [
            {"kind": one.kind, "unique": one.unique, "columns": [list(pair) for pair in one.columns]} for one in indexes
        ],
        "count": count,
        "counted": all_,
    }


def field_of(declared: Declared) -> dict[str, Value]:
    """A declared field as forms need it."""
    default = declared.default
    return {
        "name": declared.name,
        "type": declared.type,
        "list": declared.list_size is not None,
        "nullable": declared.nullable,
        "required": declared.required,
        "default": default if isinstance(default, (str, int, float, bool, list, dict)) else None,
        "now": declared.has_default and not isinstance(default, (str, int, float, bool, list, dict, type(None))),
        "values": list(declared.values),
        "table": declared.table,
        "sensitive": declared.sensitive or declared.type == "password",
        "hidden": declared.visibility == "internal",
        "description": declared.description,
        "fields": [field_of(one) for one in declared.schema],
    }


# Rows -----------------------------------------------------------------------------------------------------------------


@handles("POST", "table/{}/rows")
def rows(call: ApiCall) -> dict[str, Value]:
    """Some rows of a table: `filters` (column, test, value), `sort`, `descending`, `limit`, `after` (the key that the
    page before gave). `scan` is a name by which a scan can be watched and stopped."""
    from xsrun.database.browsing import Browser

    given = call.body()
    view, after = view_of(given), key_of(given.get("after"))
    limit = given.get("limit")
    size = max(1, min(limit, 5_000)) if isinstance(limit, int) else 50
    with call.console.scans.begin(str(given.get("scan") or "")) as scan, session_of(call) as session:
        browser = Browser(session, call.parts[0], view)
        page = browser.page(after, size, scan.watch)
        shown = [hidden_passwords(browser.table, row) for row in page.rows]
    return {
        "rows": shown,
        "after": None if page.after is None else list(page.after),
        "sql": page.sql,
        "parameters": page.parameters,
        "scan": page.scan,
        "scanned": page.scanned,
        "stopped": page.stopped,
    }


@handles("GET", "scan/{}")
def watch_scan(call: ApiCall) -> dict[str, Value]:
    """How far a scan is."""
    scanned = call.console.scans.progress(call.parts[0])
    return {"running": scanned is not None, "scanned": scanned or 0}


@handles("POST", "scan/{}/stop")
def stop_scan(call: ApiCall) -> dict[str, Value]:
    """Stop a scan; what it found so far is its answer."""
    return {"running": call.console.scans.stop(call.parts[0])}


@handles("POST", "table/{}/count")
def count_rows(call: ApiCall) -> dict[str, Value]:
    """How many rows a view has, all of them counted."""
    from xsrun.database.browsing import Browser

    with session_of(call) as session:
        number, _ = Browser(session, call.parts[0], view_of(call.body())).count(None)
    return {"count": number}


def view_of(given: dict[str, Value]) -> RowView:
    """The view that a call asks for. Raises XanoScriptError."""
    from xsrun.database.browsing import RowFilter, RowView

    filters = given.get("filters") or []
    if not isinstance(filters, list) or not all(isinstance(one, dict) for one in filters):
        raise wrong("`filters` is a list of objects")
    return RowView(
        [RowFilter(*(str(one.get(name, "")) for name in ("column", "test", "value"))) for one in filters],
        str(given.get("sort") or "id"),
        given.get("descending") is True,
    )


def key_of(given: Value) -> Key | None:
    """The key of a page. Raises XanoScriptError."""
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2 or any(isinstance(one, (dict, list)) for one in given):
        raise wrong("`after` is the key that the page before gave")
    return given[0], given[1]


def hidden_passwords(table: Table, row: dict[str, Value]) -> dict[str, Value]:
    """A row without the hashes of passwords."""
    hidden = {one.name for one in table.columns if one.declared is not None and one.declared.type == "password"}
    return {name: MASK if name in hidden and value is not None else value for name, value in row.items()}


# Writes ---------------------------------------------------------------------------------------------------------------


@handles("POST", "table/{}/add")
def add_row(call: ApiCall) -> dict[str, Value]:
    """Insert a row as `db.add` does."""
    return written(call, "db.add", data=call.body().get("data"))


@handles("POST", "table/{}/edit")
def edit_row(call: ApiCall) -> dict[str, Value]:
    """Change columns of the row of an `id` as `db.patch` does."""
    given = call.body()
    return written(call, "db.patch", field_name="id", field_value=given.get("id"), data=given.get("data"))


@handles("POST", "table/{}/delete")
def delete_rows(call: ApiCall) -> dict[str, Value]:
    """Delete the rows of some `ids` as `db.del` does, all or none."""
    ids = call.body().get("ids")
    if not isinstance(ids, list) or not ids:
        raise wrong("`ids` is a list of ids")
    with session_of(call) as session, session.transaction.atomic():
        for one in ids:
            perform(session, "db.del", call.parts[0], field_name="id", field_value=one)
        warnings = warnings_of(session)
    return {"deleted": len(ids), "warnings": warnings}


def written(call: ApiCall, statement: str, **given: Value) -> dict[str, Value]:
    """The row after a write, and the warnings of the run."""
    with session_of(call) as session:
        row = perform(session, statement, call.parts[0], **given)
        table = session.catalog.table(call.parts[0])
        warnings = warnings_of(session)
    return {"row": hidden_passwords(table, row) if isinstance(row, dict) else row, "warnings": warnings}


def perform(session: Session, statement: str, table: str, **given: Value) -> Value:
    """Carry out a statement about one row, triggers and all."""
    from xsrun.database.plans import RowPlan

    plan = RowPlan(statement, table, "the console", 1, 1, given={name: index for index, name in enumerate(given)})
    return session.perform(plan, tuple(given.values()))


def warnings_of(session: Session) -> list[str]:
    return [str(getattr(one, "message", one)) for one in session.context.warnings]


@handles("POST", "table/{}/import")
def import_rows(call: ApiCall) -> dict[str, Value]:
    """Insert the rows of a CSV or JSON `text`, all or none, as `db.add` does; ids are kept, triggers do not run."""
    from xsrun.database.seeding import seed

    given = call.body()
    text, table = given.get("text"), call.parts[0]
    if not isinstance(text, str):
        raise wrong("`text` is missing in the body")
    with session_of(call) as session:
        known = session.catalog.table(table)
        found = rows_of_csv(known, text) if given.get("format") == "csv" else rows_of_json(text)
        seed(session, {table: found})
    return {"added": len(found)}


def rows_of_json(text: str) -> list[dict[str, Value]]:
    """The rows of a JSON list. Raises XanoScriptError."""
    try:
        found = from_json(text)
    except JsonError as error:
        raise wrong(f"this is not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise wrong("this is not a list of objects", 'write [{"name": "Ann"}]')
    return found


def rows_of_csv(table: Table, text: str) -> list[dict[str, Value]]:
    """The rows of a CSV text; what is empty is left out, but for texts, and documents are read as JSON."""
    from xsrun.database.dump_load import rows_of_csv as read

    documents = (
        {one.name for one in table.columns if one.kind in ("json", "geo", "vector")} if table.declared else set()
    )
    texts = {one.name for one in table.columns if one.kind == "text"}
    found = []
    try:
        rows_ = read(text, "the file")
    except UsageError as error:
        raise wrong(str(error)) from None
    for row in rows_:
        made = {}
        for name, value in row.items():
            if value == "" and name not in texts:
                continue
            made[name] = value
            if name in documents:
                with suppress(JsonError):  # a text in a column that takes anything
                    made[name] = from_json(str(value))
        found.append(made)
    return found
