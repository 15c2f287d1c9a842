"""What can come of running a piece of JavaScript, kept apart, and what each means to a XanoScript program."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xsrun.errors import LimitError, UnavailableError, XanoScriptError

if TYPE_CHECKING:
    from xsrun.runtime import values


@dataclass(frozen=True, slots=True)
class Value:
    """The body returned. What JSON has no word for is null: undefined, functions, NaN."""

    value: values.Value


@dataclass(frozen=True, slots=True)
class Thrown:
    """The body threw, or is not JavaScript. `line` and `column` count from 1 in the code as written."""

    name: str
    message: str
    text: str
    line: int | None = None
    column: int | None = None

    def describe(self) -> str:
        """The text and the place, for the log."""
        place = f" (line {self.line} of the code)" if self.line and "line" not in self.text else ""
        return f"JavaScript error: {self.text}{place}"


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The body did not end within `seconds`; its process was killed."""

    seconds: float

    def error(self) -> XanoScriptError:
        return XanoScriptError(
            f"JavaScript did not finish within its timeout of {self.seconds:g} s.",
            hint="raise `timeout`, or look for an endless loop or a promise that never settles",
        )


@dataclass(frozen=True, slots=True)
class Crashed:
    """The engine's process ended. `status` is as in `subprocess`: negative for a signal."""

    status: int
    out_of_memory: bool
    memory: int

    def error(self) -> XanoScriptError:
        if self.out_of_memory:
            return XanoScriptError(
                f"JavaScript ran out of memory: it may use {self.memory >> 20} MB.",
                hint="build less at once: return the part that is needed, or work through the list in pieces",
            )
        return XanoScriptError(f"The JavaScript engine stopped while running this code ({_status_text(self.status)}).")


@dataclass(frozen=True, slots=True)
class Refused:
    """The body asked for something that lambdas may not have here, and did not handle the refusal."""

    what: str

    def error(self) -> XanoScriptError:
        return UnavailableError(f"JavaScript asked for {self.what}, which it does not get here.", hint=self._way_out())

    def _way_out(self) -> str:
        if self.what.startswith("network access"):
            host = self.what.partition(" to ")[2].strip('"').rpartition(":")[0]
            return f"allow it with --allow-net {host or '*'}, or give the statement a `mock` in a test"
        if self.what.startswith("the preloaded library"):
            return "xsrun brings none of the libraries; use plain JavaScript, or give the statement a `mock` in a test"
        return "lambdas run without files, environment, processes and packages; give the statement a `mock` in a test"


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The result is longer than the service lets through. Both numbers are characters of JSON."""

    size: int
    limit: int

    def error(self) -> XanoScriptError:
        return LimitError(
            f"The result of JavaScript has {self.size:,} characters as JSON; the limit is {self.limit:,}."
        )


Failure = TimedOut | Crashed | Refused | TooLarge
Outcome = Value | Thrown | Failure


def _status_text(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
