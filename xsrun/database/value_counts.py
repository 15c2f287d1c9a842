"""How often each value of a column stands in the rows of a view, counted piece by piece as a scan goes."""

from __future__ import annotations

import sqlalchemy as sa

from xsrun.database.browsing import Browser, Watch
from xsrun.hints import TYPE_CHECKING
from xsrun.records import record
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.connection import Row

#: Different values that are counted; a column with more of them is not one to count.
_MOST = 10_000
#: Values that are shown.
_SHOWN = 40


@record
class ValueCounts:
    """The most frequent values of a column, as the database holds them, with their numbers of rows.

    `values` is how many different ones were seen; it is `cut` where there are too many to be counted.
    """

    counts: list[tuple[Value, int]]
    values: int
    scanned: int
    stopped: bool = False
    cut: bool = False


def value_counts(browser: Browser, name: str, watch: Watch = lambda rows: True) -> ValueCounts:
    """Count the values of a column in the rows of a view. Raises UsageError for a column that is not there."""
    browser.column(name)
    column = browser.source.c[name]
    counted: dict[Value, int] = {}
    if not browser.table.exists:
        return ValueCounts([], 0, 0)
    if not browser.session.transaction.locks_writes:
        _add(counted, _counts(browser, column, []))
        return _made(counted, sum(counted.values()))
    scanned = 0
    for first, last, size in browser.pieces(None):
        if not watch(scanned):
            return _made(counted, scanned, stopped=True)
        bounds = [*([browser.source.c.id > first] if first is not None else []), browser.source.c.id <= last]
        _add(counted, _counts(browser, column, bounds))
        scanned += size
        if len(counted) > _MOST:
            return _made(counted, scanned, cut=True)
    watch(scanned)
    return _made(counted, scanned)


def _counts(browser: Browser, column: sa.ColumnElement[Value], bounds: list[sa.ColumnElement[bool]]) -> list[Row]:
    query = sa.select(column, sa.func.count()).where(*browser.conditions, *bounds).group_by(column).limit(_MOST + 1)
    text = browser.session.backend.writer.text(query)
    return browser.run((text.sql, [text.fixed[name] for name in text.order]))


def _add(counted: dict[Value, int], rows: list[Row]) -> None:
    for value, number in rows:
        assert isinstance(number, int)
        counted[value] = counted.get(value, 0) + number


def _made(counted: dict[Value, int], scanned: int, *, stopped: bool = False, cut: bool = False) -> ValueCounts:
    best = sorted(counted.items(), key=lambda pair: -pair[1])[:_SHOWN]
    return ValueCounts(best, len(counted), scanned, stopped, cut)
