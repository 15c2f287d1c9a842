"""How much the rows may hold that a run reads which may not wait."""

from __future__ import annotations

from xsrun.database.connection import Row
from xsrun.evaluator.brevity import MOST_OF_ROW
from xsrun.running.at_once import TakesLonger


def small(rows: list[Row]) -> list[Row]:
    """Rows that hold as little as a proof takes for granted. Raises TakesLonger for any others."""
    for row in rows:
        if sum([len(value) for value in row if value.__class__ is str or value.__class__ is bytes]) > MOST_OF_ROW:
            raise TakesLonger
    return rows
