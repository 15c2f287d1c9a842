"""A program's own SQL on SQLite."""

from __future__ import annotations

from xsrun.database.columns import DOCUMENTS, Codec, decode_bool, decode_json, decode_loose, encode_json
from xsrun.database.connection import Row
from xsrun.database.raw_sql.fence import refusal
from xsrun.database.raw_sql.placeholders import Marks, pieces, with_arguments
from xsrun.database.raw_sql.rewriting import parameter_name
from xsrun.database.raw_sql.translation import HINT, Translated, only_reads, translate
from xsrun.database.session import Session
from xsrun.database.tables import Table, without_mark
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value

#: Functions after which PostgreSQL calls a column that has no name.
_NAMED_CALLS = frozenset(("count", "sum", "avg", "min", "max", "coalesce", "lower", "upper", "length", "round", "abs"))


def run(session: Session, sql: str, arguments: list[Value]) -> list[dict[str, Value]]:
    """Translate, run, and read the rows: JSON and booleans as what they are. Raises XanoScriptError for what SQLite
    refuses."""
    marks = Marks(parameter_name, session.backend.quote)
    text, parameters = with_arguments(pieces(sql), arguments, marks)
    refused = refusal(text)
    if refused is not None:
        raise refused
    translated = translate(text, lambda name: live_table(session, name))
    given = [encode_json(value) if value.__class__ in (list, dict) else value for value in parameters]
    numbered = {str(number): value for number, value in enumerate(given, 1)}  # to Python, ?1 is a name
    try:
        writes = not only_reads(text)
        columns, rows = session.transaction.query(translated.sql, numbered, writes=writes)
    except XanoScriptError as error:
        raise explained(error) from None
    stored = {name for table in translated.tables.values() for name in session.backend.stored_names(table).values()}
    names = [without_mark(name) if name in stored else name for name, _ in columns]
    decoders = {_as_postgres_names(name): decode for name, decode in decoders_for(names, translated).items()}
    names = [_as_postgres_names(name) for name in names]
    return [_read(names, row, decoders) for row in rows]


def _as_postgres_names(name: str) -> str:
    """A column without a name of its own: a call is known by its function, `count(*)` is `count`."""
    function, _, arguments = name.partition("(")
    alone = function.lower() in _NAMED_CALLS and arguments.endswith(")") and arguments.find(")") == len(arguments) - 1
    return function.lower() if alone else name


def live_table(session: Session, name: str) -> Table | None:
    """The table that a text means by a name, made if it is declared and was not used yet. Direct queries ignore the
    datasource of the run."""
    if name.startswith(("sqlite_", "pragma_")):
        return None
    table = session.catalog.table(session.database.numbered(name) or name, "live")
    return table if table.exists else None


def explained(error: XanoScriptError) -> XanoScriptError:
    """SQLite's message with what to do about it."""
    message = error.message
    if "no such table" in message:
        name = message.rpartition(": ")[2]
        hint = "name a table as in its file; one without a file is made by what writes to it, or by --seed FILE"
        return XanoScriptError(f'SQL Error: relation "{name}" does not exist', hint=hint)
    if any(part in message for part in ("no such function", "syntax error", "unrecognized", "near ")):
        return XanoScriptError(message, hint=HINT)
    return error


def decoders_for(names: list[str], translated: Translated) -> dict[str, Codec]:
    """Which columns of a result are JSON or booleans."""
    found: dict[str, Codec] = {}
    for name in names:
        source = translated.columns.get(name)
        if source in (":json", ":bool"):
            found[name] = decode_loose if source == ":json" else decode_bool
            continue
        column_name = source if source is not None else name if "*" in translated.columns else None
        for table in translated.tables.values():
            column = table.by_name.get(column_name) if column_name is not None else None
            if column is not None:
                if column.kind in DOCUMENTS:
                    found[name] = decode_json if table.declared else decode_loose
                elif column.kind == "bool":
                    found[name] = decode_bool
                break
    return found


def _read(names: list[str], row: Row, decoders: dict[str, Codec]) -> dict[str, Value]:
    made = dict(zip(names, row, strict=True))
    for name, decode in decoders.items():
        made[name] = decode(made[name])
    return made
