"""`db.direct_query`: SQL that a program writes itself, in PostgreSQL's dialect (semantics 4.9).

Arguments travel as parameters. On SQLite the text is translated first (`translation`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from xsrun.database.plans import RowPlan
from xsrun.database.rows import value_of
from xsrun.errors import MissingParamError, XanoScriptError
from xsrun.values.conversion import Value, describe, to_text

if TYPE_CHECKING:
    from xsrun.database.backend import Backend
    from xsrun.database.session import Session

#: What to skip when looking for placeholders: texts, quoted names, dollar quotes, comments; then the placeholders.
_PARTS = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$ | --[^\n]* | /\*.*?\*/
    | (?P<mark>\?(?P<how>:alias|:raw)?)
    """,
    re.VERBOSE | re.DOTALL,
)


class Piece(NamedTuple):
    """A part of a text: itself, and `?`, `?:alias` or `?:raw` when it is a placeholder."""

    text: str
    placeholder: str = ""


def pieces(sql: str) -> list[Piece]:
    """A text taken apart at its placeholders; those in texts and comments are none."""
    found: list[Piece] = []
    start = 0
    for match in _PARTS.finditer(sql):
        if match.group("mark"):
            found.append(Piece(sql[start : match.start()]))
            found.append(Piece(match.group(0), "?" + (match.group("how") or "")))
            start = match.end()
    found.append(Piece(sql[start:]))
    return found


def with_arguments(sql: str, arguments: list[Value], backend: Backend) -> tuple[str, list[Value]]:
    """The text with the back end's marks for its placeholders, and the arguments that stay parameters.

    Raises XanoScriptError when there are more or fewer arguments than placeholders.
    """
    parts = pieces(sql)
    count = sum(bool(part.placeholder) for part in parts)
    if (len(arguments) == 1 and arguments[0].__class__ is list and count != 1) or (
        len(arguments) == 1 and arguments[0].__class__ is list and len(arguments[0]) == 1
    ):
        arguments = arguments[0]
    if count != len(arguments):
        raise XanoScriptError(
            "Invalid parameter count based on format",
            hint=f"the text has {count} placeholders and the statement {len(arguments)} arguments",
        )
    text: list[str] = []
    parameters: list[Value] = []
    remaining = iter(arguments)
    for part in parts:
        if not part.placeholder:
            text.append(part.text)
            continue
        value = next(remaining)
        if part.placeholder == "?":
            parameters.append(value)
            text.append(backend.parameter_mark(len(parameters)))
        elif part.placeholder == "?:alias":
            text.append(backend.quote(identifier(value)))
        else:
            text.append(to_text(value))
    return "".join(text), parameters


def identifier(value: Value) -> str:
    """An argument of `?:alias`, which becomes a name in quotes."""
    if value.__class__ is not str or not value or "\0" in value:
        raise XanoScriptError(
            "Invalid alias", hint=f"`?:alias` takes the name of a column or table, not {describe(value)}"
        )
    return value


def arguments_of(plan: RowPlan, operands: tuple[Value, ...]) -> list[Value]:
    """The arguments of a statement: its `arg` attributes in order."""
    return [operands[index] for name, index in plan.given.items() if name.startswith("arg")]


def text_of(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> str:
    """The SQL of a statement."""
    value = value_of(plan, operands, "sql")
    if value.__class__ is not str or not value.strip():
        raise MissingParamError("sql", hint="the statement needs the SQL as a text")
    return value


def shaped(rows: list[dict[str, Value]], response_type: Value) -> Value:
    """What a direct query binds: all rows, or with `single` the first one or null."""
    if response_type == "single":
        return rows[0] if rows else None
    return rows


def direct_query(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.direct_query`: run the text on the live tables and bind its rows."""
    sql, parameters = with_arguments(text_of(session, plan, operands), arguments_of(plan, operands), session.backend)
    rows = session.backend.run_direct(session, sql, parameters)
    return shaped(rows, value_of(plan, operands, "response_type"))
