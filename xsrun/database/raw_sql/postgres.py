"""A program's own SQL on PostgreSQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xsrun.database.columns import decode_json
from xsrun.database.postgres import parameter
from xsrun.database.tables import NUMBERED
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.session import Session

#: Types that are read as JSON: json and jsonb.
_JSON_TYPES = (114, 3802)
#: Texts, quoted names, dollar quotes, comments: what is inside of them is left alone.
_CLOSED = r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \$([A-Za-z_]\w*|)\$.*?\$\1\$ | --[^\n]* | /\*.*?\*/"""
_PARAMETERS = re.compile(rf"{_CLOSED} | \$(?P<number>\d+)", re.VERBOSE | re.DOTALL)
_WORDS = re.compile(rf"{_CLOSED} | \b[A-Za-z_]\w*", re.VERBOSE | re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")


def run(session: Session, sql: str, parameters: list[Value]) -> list[dict[str, Value]]:
    """Run the text on the live tables. Raises XanoScriptError for what PostgreSQL refuses."""
    sql = with_names(sql, session.database.numbers)
    text, order = with_markers(sql)
    make_tables(session, sql)
    given = [_given(parameters[number - 1]) for number in order]
    columns, rows = session.query(text, given)
    names = [name for name, _ in columns]
    documents = [name for name, kind in columns if kind in _JSON_TYPES]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for row in found:
        for name in documents:
            row[name] = decode_json(row[name])
    return found


def _given(value: Value) -> Value:
    """A list as an array where its elements allow it, for `= ANY (?)`; else as JSON."""
    kinds = {item.__class__ for item in value} if value.__class__ is list else set()
    if len(kinds) == 1 and kinds <= {int, float, str, bool}:
        return value
    return parameter(value)


def with_markers(sql: str) -> tuple[str, list[int]]:
    """The text with psycopg's `%s` for `$1`, every other `%` doubled, and the numbers in order."""
    text: list[str] = []
    order: list[int] = []
    start = 0
    for match in _PARAMETERS.finditer(sql):
        number = match.group("number")
        if number is None:
            continue
        text.append(sql[start : match.start()].replace("%", "%%"))
        text.append("%s")
        order.append(int(number))
        start = match.end()
    text.append(sql[start:].replace("%", "%%"))
    return "".join(text), order


def with_names(sql: str, numbers: dict[int, str]) -> str:
    """The text with the names of tables for the engine's numbered ones (semantics 4.9), where they are no text."""

    def named(part: re.Match[str]) -> str:
        number = NUMBERED.fullmatch(part.group().strip('"'))
        known = numbers.get(int(number.group(1))) if number is not None else None
        return f'"{known}"' if known is not None else part.group()

    return _WORDS.sub(named, sql) if numbers else sql


def make_tables(session: Session, sql: str) -> None:
    """Make the declared tables that the text may name, if nobody used them yet."""
    words = set(_NAME.findall(sql))
    context = session.context
    datasource, context.datasource = context.datasource, "live"
    try:
        for name in session.backend.declared_names:
            if name in words or name in sql:
                session.table(name)
    finally:
        context.datasource = datasource


__all__ = ["XanoScriptError", "run", "with_markers"]
