"""A program's own SQL on SQLite."""

from __future__ import annotations

from typing import Any

from xsrun.database.columns import decode_json, encode_json
from xsrun.database.tables import Table
from xsrun.database.translation import Translated, translate
from xsrun.errors import XanoScriptError
from xsrun.runtime.values import Value

_HINT = "xsrun translates PostgreSQL for SQLite; what it cannot translate runs with --database postgresql://..."


def run(session: Any, sql: str, parameters: list[Value]) -> list[dict[str, Value]]:
    """Translate, run, and read the rows. Raises XanoScriptError for what SQLite refuses."""
    translated = translate(sql)
    tables = live_tables(session, translated)
    given = [_parameter(value) for value in parameters]
    try:
        names, rows = session.query(translated.sql, given)
    except XanoScriptError as error:
        raise explained(error) from None
    decoders = decoders_for(names, translated, tables)
    return [_read(names, row, decoders) for row in rows]


def live_tables(session: Any, translated: Translated) -> dict[str, Table]:
    """The tables that a text names, made if they are declared and nobody used them yet. Direct queries ignore the
    datasource of the run."""
    context = session.context
    datasource, context.datasource = context.datasource, "live"
    try:
        return {name: session.table(name) for name in translated.tables if not name.startswith(("sqlite_", "pragma_"))}
    finally:
        context.datasource = datasource


def _parameter(value: Value) -> Any:
    return encode_json(value) if value.__class__ in (list, dict) else value


def explained(error: XanoScriptError) -> XanoScriptError:
    """SQLite's message with what to do about it."""
    message = error.message
    if "no such table" in message:
        name = message.rpartition(": ")[2]
        return XanoScriptError(
            f'SQL Error: relation "{name}" does not exist',
            hint="name a table as in its file; numbers mean nothing here",
        )
    if "no such function" in message or "syntax error" in message or "unrecognized" in message:
        return XanoScriptError(message, hint=_HINT)
    return error


def decoders_for(names: list[str], translated: Translated, tables: dict[str, Table]) -> dict[str, Any]:
    """Which columns of a result are JSON or booleans."""
    found: dict[str, Any] = {}
    for name in names:
        source = translated.columns.get(name)
        if source == ":json":
            found[name] = _json_or_text
            continue
        column_name = source if source is not None else name if "*" in translated.columns else None
        for table in tables.values():
            column = table.by_name.get(column_name) if column_name is not None else None
            if column is not None:
                if column.kind in ("json", "geo"):
                    found[name] = decode_json
                elif column.kind == "bool":
                    found[name] = lambda value: None if value is None else bool(value)
                break
    return found


def _json_or_text(value: Any) -> Value:
    if value.__class__ is not str:
        return value
    try:
        return decode_json(value)
    except ValueError:
        return value


def _read(names: list[str], row: Any, decoders: dict[str, Any]) -> dict[str, Value]:
    made = dict(zip(names, row, strict=True))
    for name, decode in decoders.items():
        made[name] = decode(made[name])
    return made
