"""What the back ends' connections have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value

#: A row as the driver gives it: what is kept as JSON is still text.
Row = tuple[Value, ...]
#: A parameter for each mark of a text, in order or by name.
Parameters = Sequence[Value] | Mapping[str, Value]
#: The columns of a result, with PostgreSQL's numbers of their types; SQLite gives 0.
ResultColumns = list[tuple[str, int]]


class Execute(Protocol):
    """Executes one statement and fetches all its rows."""

    def __call__(self, text: str, parameters: Sequence[Value] = (), /) -> list[Row]: ...


class Connection(ABC):
    """A connection and what to do with it. Each back end has its own."""

    @property
    @abstractmethod
    def broken(self) -> bool:
        """Can it no longer be used?"""

    @abstractmethod
    def execute(self, text: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Execute one statement and fetch everything. Raises XanoScriptError for what the database refuses."""

    @abstractmethod
    def query(self, text: str, parameters: Parameters = ()) -> tuple[ResultColumns, list[Row]]:
        """Execute a program's own statement: its columns and all its rows. Raises XanoScriptError."""

    @abstractmethod
    def changed(self) -> bool:
        """Is it time to look at which tables exist?"""

    @abstractmethod
    def rollback(self) -> None:
        """End a transaction that was left open."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""


def first_line(error: Exception) -> str:
    """The first line of a driver's message, which may have many."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def duplicate_record(columns: list[str]) -> XanoScriptError:
    """The engine's error for a second row with the same unique value (semantics 3.6)."""
    shown = " and ".join(f"`{name}`" for name in columns)
    return XanoScriptError(
        "Duplicate record detected. Please check your unique indexes.",
        hint=f"there is already a row with the same {shown}",
    )
