"""The database as a run sees it that may not wait: rows are read when they are there at once, nothing else is done."""

from __future__ import annotations

from collections.abc import Sequence

from xsrun.database.connection import Row
from xsrun.database.transaction import Transaction
from xsrun.hints import TYPE_CHECKING, NoReturn
from xsrun.running.at_once import CAME, RowsThatCame, TakesLonger
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.database import Database
    from xsrun.running.context import Context


class BriefTransaction(Transaction):
    """Reads a row by its key, and takes longer for everything else."""

    __slots__ = ()

    def __init__(self, database: Database, context: Context) -> None:
        """Nothing of what only a connection or a transaction needs."""
        self.database = database
        self.context = context
        self.depth = 0
        self.tables = {}

    def execute(self, text: str, parameters: Sequence[Value] = (), *, writes: bool = False) -> list[Row]:
        reads = self.database.brief
        if writes or reads is None:
            raise TakesLonger
        came: RowsThatCame | None = self.context.scratch.get(CAME)
        return reads.read(text, parameters) if came is None else came.read(text, parameters)

    def connect(self) -> NoReturn:
        """Nothing else is asked of a connection."""
        raise TakesLonger

    def close(self) -> None:
        """Nothing was taken."""
