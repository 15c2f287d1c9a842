"""The transactions of a run that is traced: what its statements ask of the database, with times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from xsrun.database.connection import Parameters, ResultColumns, Row
from xsrun.database.row_streams import OpenRows
from xsrun.database.transaction import Transaction
from xsrun.errors import XanoScriptError
from xsrun.hints import TypeVar
from xsrun.values.conversion import Value

Given = TypeVar("Given")


class TracedTransaction(Transaction):
    """Notes each statement in the trace of its run: the text without the values of its parameters, which may be
    anything."""

    __slots__ = ()

    def execute(self, text: str, parameters: Sequence[Value] = (), *, writes: bool = False) -> list[Row]:
        return self._noted(text, lambda: super(TracedTransaction, self).execute(text, parameters, writes=writes), len)

    def open_rows(self, text: str, parameters: Sequence[Value]) -> OpenRows:
        found = lambda: super(TracedTransaction, self).open_rows(text, parameters)  # noqa: E731
        return self._noted(text, found, lambda rows: rows.waiting)

    def execute_many(self, text: str, rows: Sequence[Sequence[Value]]) -> None:
        found = lambda: super(TracedTransaction, self).execute_many(text, rows)  # noqa: E731
        self._noted(text, found, lambda _nothing: len(rows))

    def query(self, text: str, parameters: Parameters, *, writes: bool = True) -> tuple[ResultColumns, list[Row]]:
        found = lambda: super(TracedTransaction, self).query(text, parameters, writes=writes)  # noqa: E731
        return self._noted(text, found, lambda answer: len(answer[1]))

    def _noted(self, text: str, run: Callable[[], Given], count: Callable[[Given], int]) -> Given:
        trace = self.context.trace
        if trace is None:
            return run()
        begun = time.perf_counter()
        try:
            found = run()
        except XanoScriptError as error:
            trace.asked("sql", text, time.perf_counter() - begun, 0, str(error))
            raise
        trace.asked("sql", text, time.perf_counter() - begun, count(found))
        return found
