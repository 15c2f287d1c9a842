"""`db.external.*.direct_query`: SQL on another database, by its connection string (semantics 4.9).

SQLAlchemy finds the driver; which ones are installed is the user's choice.
"""

from __future__ import annotations

import math
import time

from xsrun.database.connection import first_line, in_pieces, passed_by
from xsrun.database.plans import RowPlan, value_of
from xsrun.database.raw_sql.direct_query import arguments_of, shaped, text_of
from xsrun.database.raw_sql.placeholders import Marks, pieces, with_arguments
from xsrun.database.session import Session
from xsrun.errors import InputError, MissingParamError, UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value, from_json, to_json
from xsrun.values.digits import whole_of_digits

if TYPE_CHECKING:
    import sqlalchemy as sa

    from xsrun.running.context import Context

#: engine in the statement's name -> (SQLAlchemy's dialects with their drivers, the package that is tried first)
_ENGINES = {
    "postgres": (("postgresql+psycopg",), "psycopg[binary]"),
    "mysql": (("mysql+pymysql", "mysql+mysqldb"), "pymysql"),
    "mssql": (("mssql+pymssql", "mssql+pyodbc"), "pymssql"),
    "oracle": (("oracle+oracledb",), "oracledb"),
    "snowflake": (("snowflake",), "snowflake-sqlalchemy"),
}
#: What the drivers call the seconds that they wait for a connection and for an answer.
_TIMEOUTS = {
    "postgresql+psycopg": ("connect_timeout",),
    "mysql+pymysql": ("connect_timeout", "read_timeout", "write_timeout"),
    "mysql+mysqldb": ("connect_timeout", "read_timeout", "write_timeout"),
    "mssql+pymssql": ("login_timeout", "timeout"),
}


def direct_query(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """Run a text on another database and bind its rows."""
    engine = plan.statement.split(".")[2]
    address = value_of(plan, operands, "connection_string")
    if address.__class__ is not str or not address:
        raise MissingParamError("connection_string")
    url = url_of(engine, address)
    context = session.context
    try:
        context.service("network").require(context, plan.statement, f"https://{url.host or 'localhost'}")
    except ConnectionError as error:
        raise XanoScriptError(f"SQL Error: {error}") from None
    sql = text_of(plan, operands)
    rows = rows_of(engine, url, sql, arguments_of(plan, operands), context)
    return shaped(rows, value_of(plan, operands, "response_type"))


def url_of(engine: str, address: str) -> sa.URL:
    """SQLAlchemy's URL of a connection string: a URL, or `host=... dbname=...` of PostgreSQL."""
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError

    if "://" not in address:
        pairs = dict(part.split("=", 1) for part in address.split() if "=" in part)
        if not pairs:
            raise InputError("Invalid connection string", "connection_string", hint="write it as a URL")
        port = pairs.get("port", "")
        return sa.URL.create(
            _ENGINES[engine][0][0],
            username=pairs.get("user"),
            password=pairs.get("password"),
            host=pairs.get("host"),
            port=whole_of_digits(port),
            database=pairs.get("dbname"),
        )
    try:
        return sa.make_url(address).set(drivername=_ENGINES[engine][0][0])
    except (ArgumentError, ValueError):
        raise InputError("Invalid connection string", "connection_string", hint="the URL cannot be read") from None


def rows_of(engine: str, url: sa.URL, sql: str, arguments: list[Value], context: Context) -> list[dict[str, Value]]:
    """Connect, run one text within what is left of the run's time, read its rows."""
    from sqlalchemy.exc import SQLAlchemyError

    left = None if context.deadline is None else max(math.ceil(context.deadline - time.monotonic()), 1)
    connecting = connectable(engine, url, left)
    text, parameters = for_driver(sql, arguments, connecting.dialect)
    try:
        with connecting.connect() as connection:
            if engine == "postgres" and left is not None:
                connection.exec_driver_sql(f"SET statement_timeout = '{left}s'")
            result = connection.exec_driver_sql(text, tuple(parameters))
            rows = (
                in_pieces(lambda count: [tuple(row) for row in result.fetchmany(count)], context)
                if result.returns_rows
                else []
            )
            names = list(result.keys()) if result.returns_rows else []
            connection.commit()
    except SQLAlchemyError as error:
        passed = passed_by(context)
        shown = first_line(getattr(error, "orig", None) or error)
        raise passed or XanoScriptError(f"SQL Error: {shown}") from None
    finally:
        connecting.dispose()
    return [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in rows]


def connectable(engine: str, url: sa.URL, left: int | None) -> sa.Engine:
    """A SQLAlchemy engine with the first driver that is installed, whose statements take no longer than the seconds
    that are left. Raises UnavailableError."""
    import sqlalchemy as sa
    from sqlalchemy.exc import NoSuchModuleError
    from sqlalchemy.pool import NullPool

    drivers, package = _ENGINES[engine]
    for driver in drivers:
        waiting = {} if left is None else dict.fromkeys(_TIMEOUTS.get(driver, ()), left)
        try:
            return sa.create_engine(url.set(drivername=driver), poolclass=NullPool, connect_args=waiting)
        except (ModuleNotFoundError, NoSuchModuleError):
            continue
    raise UnavailableError(
        f"No driver for {engine} databases is installed.",
        hint=f"install one: pip install {package}; or mock the statement",
    )


def for_driver(sql: str, arguments: list[Value], dialect: sa.Dialect) -> tuple[str, list[Value]]:
    """The text with the driver's marks for its placeholders, and the parameters."""
    parts = pieces(sql)
    percent = dialect.paramstyle in ("format", "pyformat")
    mark = {"qmark": "?", "format": "%s", "pyformat": "%s"}.get(dialect.paramstyle)
    marks = Marks(
        lambda number: mark or f":{number}",
        dialect.identifier_preparer.quote_identifier,
        doubled=percent and any(part.placeholder for part in parts),
    )
    text, parameters = with_arguments(parts, arguments, marks)
    return text, [to_json(value) if value.__class__ in (list, dict) else value for value in parameters]


def plain(value: Value) -> Value:
    """A value of a driver as one of the language."""
    if value is None or value.__class__ in (bool, int, float, str):
        return value
    if value.__class__ in (list, dict):
        return from_json(to_json(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    number = getattr(value, "as_integer_ratio", None)
    if number is not None:
        return int(value) if value == int(value) else float(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
