"""The database as a run sees it that may not wait: rows are read when they are there at once, nothing else is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from xsrun.database.connection import Row
from xsrun.database.transaction import Transaction
from xsrun.running.at_once import TakesLonger
from xsrun.values.conversion import Value


class BriefTransaction(Transaction):
    """Reads a row by its key, and takes longer for everything else."""

    __slots__ = ()

    def execute(self, text: str, parameters: Sequence[Value] = (), *, writes: bool = False) -> list[Row]:
        reads = self.database.brief
        if writes or reads is None:
            raise TakesLonger
        return reads.read(text, parameters)

    def connect(self) -> NoReturn:
        """Nothing else is asked of a connection."""
        raise TakesLonger

    def close(self) -> None:
        """Nothing was taken."""
