"""A program's own SQL on PostgreSQL."""

from __future__ import annotations

import re

from xsrun.database.columns import decode_json, encode_json, encode_text
from xsrun.database.raw_sql.placeholders import Marks, pieces, scanner, with_arguments
from xsrun.database.raw_sql.words import transaction_refusal
from xsrun.database.session import Session
from xsrun.values.conversion import Value, as_text

#: Types that are read as JSON: json and jsonb.
_JSON_TYPES = (114, 3802)
_WORDS = scanner(r"\b[A-Za-z_]\w*")


def run(session: Session, sql: str, arguments: list[Value]) -> list[dict[str, Value]]:
    """Run the text on the live tables. Raises XanoScriptError for what PostgreSQL refuses."""
    marks = Marks(lambda _number: "%s", session.backend.quote, doubled=True)
    text, parameters = with_arguments(pieces(sql), arguments, marks)
    refused = transaction_refusal(text)
    if refused is not None:
        raise refused
    text = with_names(session, text)
    make_tables(session, text.replace("%%", "%"))
    columns, rows = session.transaction.query(text, [parameter(value) for value in parameters])
    names = [name for name, _ in columns]
    documents = [name for name, kind in columns if kind in _JSON_TYPES]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for row in found:
        for name in documents:
            row[name] = decode_json(row[name])
    return found


def parameter(value: Value) -> Value:
    """An argument: a list as an array where its elements allow it, for `= ANY (?)`; else as JSON."""
    kinds = {item.__class__ for item in value} if value.__class__ is list else set()
    if len(kinds) == 1 and kinds <= {int, float, str, bool}:
        return value
    if value.__class__ in (list, dict):
        return encode_json(value)
    return encode_text(as_text(value)) if value.__class__ in (str, bytes) else value


def with_names(session: Session, sql: str) -> str:
    """The text with the names of tables for the engine's numbered ones (semantics 4.9), outside of texts."""

    def named(part: re.Match[str]) -> str:
        known = session.database.numbered(part[0].strip('"'))
        return part[0] if known is None else session.backend.quote(known)

    return _WORDS.sub(named, sql) if session.database.numbers else sql


def make_tables(session: Session, sql: str) -> None:
    """Make the declared tables that the text may name, if they were not used yet."""
    for name in session.backend.declared_names:
        if name in sql:
            session.catalog.table(name, "live")
