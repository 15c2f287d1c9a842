"""The files of SQLite: which one a URL names, and how several processes share one."""

from __future__ import annotations

import sqlite3
import time

from xsrun.errors import UsageError, XanoScriptError

#: Seconds to wait for another process that writes to the file.
PATIENCE = 30.0


def write_ahead(raw: sqlite3.Connection) -> None:
    """Let readers work while another connection writes. The file is switched once; SQLite waits for no lock then."""
    deadline = time.monotonic() + PATIENCE
    while raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            raw.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise XanoScriptError("SQL Error: the database is locked") from None
            time.sleep(0.01)
    # a killed process loses nothing; a power cut may lose the last commits, and corrupts nothing
    raw.execute("PRAGMA synchronous = NORMAL")


def path_of(url: str) -> str:
    """The file that a URL names; `:memory:` for none. Raises UsageError."""
    if url in ("sqlite://", "sqlite:///:memory:", "sqlite://:memory:"):
        return ":memory:"
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        from xsrun.running.masking import masked_address

        raise UsageError(
            f"`{masked_address(url)}` does not name an SQLite database", hint="write sqlite:// or sqlite:///file.db"
        )
    return url.removeprefix(prefix)
