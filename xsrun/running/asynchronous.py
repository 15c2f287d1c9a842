"""Asynchronous calls: constructs that were started and do not hold the one that started them (evidence G14).

Nothing here runs beside the program: a call runs when the program waits for it, when the program sleeps, or after the
response. So a test sees the same order each time, and what the engine promises holds: the caller goes on at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.values.conversion import Value


class AsynchronousCall:
    """One call that was started: it runs once, when its outcome is first needed."""

    __slots__ = ("_awaited", "_call", "_error", "_value")

    def __init__(self, call: Callable[[], Value]) -> None:
        self._call: Callable[[], Value] | None = call
        self._value: Value = None
        self._error: XanoScriptError | None = None
        self._awaited = False

    def finish(self) -> None:
        """Run it unless it has run. An error that no program may catch is raised; another one waits for `outcome`."""
        call, self._call = self._call, None
        if call is None:
            return
        try:
            self._value = call()
        except XanoScriptError as error:
            if not error.catchable:
                raise
            self._error = error

    def outcome(self) -> Value:
        """Its response, or its error raised."""
        self._awaited = True
        self.finish()
        if self._error is not None:
            raise self._error
        return self._value

    def conclude(self) -> None:
        """Run what nobody waited for, and raise its error, which nobody else has seen."""
        if not self._awaited:
            self.outcome()


def finish_all(calls: Iterable[AsynchronousCall]) -> None:
    """Run those calls that have not run: time passes for the program that started them."""
    for call in list(calls):
        call.finish()
