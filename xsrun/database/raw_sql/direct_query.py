"""`db.direct_query`: SQL that a program writes itself, in PostgreSQL's dialect (semantics 4.9).

Arguments travel as parameters. On SQLite the text is translated first (`translation`).
"""

from __future__ import annotations

from xsrun.database.plans import RowPlan, value_of
from xsrun.database.session import Session
from xsrun.errors import MissingParamError
from xsrun.values.conversion import Value


def arguments_of(plan: RowPlan, operands: tuple[Value, ...]) -> list[Value]:
    """The arguments of a statement: its `arg` attributes in order."""
    return [operands[index] for name, index in plan.given.items() if name.startswith("arg")]


def text_of(plan: RowPlan, operands: tuple[Value, ...]) -> str:
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


def run(session: Session, sql: str, arguments: list[Value]) -> list[dict[str, Value]]:
    """Run a text on the live tables. Raises XanoScriptError for what the database refuses."""
    if session.backend.dialect == "sqlite":
        from xsrun.database.raw_sql import sqlite

        return sqlite.run(session, sql, arguments)
    from xsrun.database.raw_sql import postgres

    return postgres.run(session, sql, arguments)


def direct_query(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.direct_query`: run the text on the live tables and bind its rows."""
    rows = run(session, text_of(plan, operands), arguments_of(plan, operands))
    return shaped(rows, value_of(plan, operands, "response_type"))
