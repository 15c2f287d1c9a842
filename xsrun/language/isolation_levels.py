"""The isolation levels that `db.transaction` may name: SQL's names, in the language's spelling or SQL's own."""

from __future__ import annotations

from xsrun.hints import Any

_LEVELS = ("serializable", "repeatable_read", "read_committed", "read_uncommitted")
_STRICT = ("SERIALIZABLE", "REPEATABLE READ")


def level_of(written: Any) -> str | None:
    """A level in SQL's spelling; None for what is not the name of one, which leaves the database's own."""
    name = written.lower().replace(" ", "_") if isinstance(written, str) else ""
    return name.upper().replace("_", " ") if name in _LEVELS else None


def is_strict(written: Any) -> bool:
    """Is it a level at which PostgreSQL refuses the second of two writes instead of losing the first?"""
    return level_of(written) in _STRICT
