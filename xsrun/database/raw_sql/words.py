"""What a program's own SQL begins with, and which statements no direct query may be, whatever the database."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.lazy_regex import pattern

_BLANKS = pattern(r"(?:\s|--[^\n]*\n)*+")
_COMMENT_ENDS = pattern(r"/\*|\*/")
_WORD = pattern(r"[A-Za-z_]+")
_TRANSACTIONS = frozenset(
    ("BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PREPARE TRANSACTION")
)


def word_of(sql: str) -> str:
    """The word that a statement begins with, in capitals; empty for another beginning."""
    return words_of(sql, 1)


def words_of(sql: str, count: int) -> str:
    """The first words of a statement, in capitals, without the comments between."""
    found: list[str] = []
    at = 0
    while len(found) < count:
        at = _after_blanks(sql, at)
        match = _WORD.match(sql, at)
        if match is None:
            break
        found.append(match[0].upper())
        at = match.end()
    return " ".join(found)


def _after_blanks(sql: str, at: int) -> int:
    """The place after blanks and comments, which may stand inside one another."""
    while True:
        blanks = _BLANKS.match(sql, at)
        at = blanks.end() if blanks is not None else at
        if not sql.startswith("/*", at):
            return at
        depth = 0
        for end in _COMMENT_ENDS.finditer(sql, at):
            depth += 1 if end[0] == "/*" else -1
            if depth == 0:
                at = end.end()
                break
        else:
            return len(sql)


def transaction_refusal(sql: str) -> XanoScriptError | None:
    """The error of a statement that would begin or end a transaction behind the back of the run; None for others."""
    words = words_of(sql, 2)
    named = words if words in _TRANSACTIONS else words.partition(" ")[0]
    if named not in _TRANSACTIONS:
        return None
    return XanoScriptError(
        f"SQL Error: {named} is not allowed in a direct query",
        hint="put the statements in the stack of a db.transaction, which commits them or undoes them together",
    )
