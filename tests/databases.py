"""What the database tests share: a PostgreSQL server of their own, and the back ends by name."""

from __future__ import annotations

import itertools
import tempfile
import urllib.parse
from functools import cache

import postgres_server
import pytest

#: Back ends that every case of the database runs on.
BACKENDS = ("memory", "file", "postgres")

_numbers = itertools.count(1)


@cache
def server() -> str:
    """The URL of a PostgreSQL database that lives as long as the tests. Skips the test where there is no server."""
    try:
        url = postgres_server.address()
    except postgres_server.NoServerError as error:
        pytest.skip(str(error))
    make_functions(url)
    return url


def make_functions(url: str) -> None:
    """Make the functions of the query operators once for all schemas."""
    from xsrun.database.postgres_backend import PostgresConnection
    from xsrun.database.postgres_backend import make_functions as make

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
    import psycopg

    schema = f"test_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    options = urllib.parse.quote(f"-c search_path={schema},public")
    return f"{url}{'&' if '?' in url else '?'}options={options}"
