"""What a program's own SQL may do on SQLite: read and change tables, and nothing to the files of the machine.

SQLite asks the fence while it prepares a statement, and asks it again for what the statement itself prepares: `VACUUM`
attaches a file of its own. Statements that xsrun makes pass it.
"""

from __future__ import annotations

import sqlite3

from xsrun.database.raw_sql.words import transaction_refusal, word_of
from xsrun.errors import XanoScriptError

_ALLOWED = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in (
        *("SELECT", "READ", "INSERT", "UPDATE", "DELETE", "FUNCTION", "RECURSIVE", "ANALYZE", "REINDEX", "ALTER_TABLE"),
        *(
            f"{way}_{temporary}{kind}"
            for way in ("CREATE", "DROP")
            for temporary in ("", "TEMP_")
            for kind in ("TABLE", "INDEX", "VIEW", "TRIGGER")
        ),
    )
)
#: Functions that load code, or that the shell of SQLite adds for files.
_FUNCTIONS = frozenset(("load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "lsdir", "zipfile"))
#: What `pragma_table_info` and the like tell of tables.
_DESCRIBING = frozenset(
    ("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list")
)
#: How the other actions are written.
_NAMES = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_CREATE_VTABLE: "CREATE VIRTUAL TABLE",
    sqlite3.SQLITE_DROP_VTABLE: "DROP of a virtual table",
}
_FILES = frozenset(("ATTACH", "DETACH", "VACUUM", "PRAGMA"))


class Fence:
    """Decides for one connection. It is closed while a program's own SQL runs."""

    __slots__ = ("_closed", "refused")

    def __init__(self) -> None:
        self._closed = False
        #: what it has refused since it was closed last
        self.refused: str | None = None

    def close(self) -> None:
        """Let nothing pass but what programs may do."""
        self._closed, self.refused = True, None

    def open(self) -> None:
        """Let everything pass."""
        self._closed = False

    def decide(
        self, action: int, first: str | None, second: str | None, _database: str | None, _source: str | None
    ) -> int:
        """What SQLite is told of one action (see its `sqlite3_set_authorizer`)."""
        if not self._closed:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            allowed, what = str(second).lower() not in _FUNCTIONS, f"{second}()"
        elif action == sqlite3.SQLITE_PRAGMA:
            allowed, what = str(first).lower() in _DESCRIBING, f"PRAGMA {first}"
        else:
            allowed, what = action in _ALLOWED, _NAMES.get(action, "this statement")
        if allowed:
            return sqlite3.SQLITE_OK
        self.refused = self.refused or what
        return sqlite3.SQLITE_DENY


def refusal(sql: str) -> XanoScriptError | None:
    """The error of a statement that no program may run on SQLite, whatever it says; None for others."""
    word = word_of(sql)
    return transaction_refusal(sql) or (refused(word) if word in _FILES else None)


def refused(what: str) -> XanoScriptError:
    """The error of what would leave the tables of the workspace."""
    return XanoScriptError(
        f"SQL Error: {what} is not allowed in a direct query",
        hint="a direct query reads and changes tables; it opens no files, loads no code and changes no settings of "
        "the database. To copy rows into a file use: xsrun db dump",
    )
