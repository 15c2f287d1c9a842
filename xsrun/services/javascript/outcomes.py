"""What can come of running a piece of JavaScript, kept apart, and what each means for a XanoScript program."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from xsrun.errors import LimitError, UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.values import conversion


@dataclass(frozen=True, slots=True)
class Value:
    """The body returned. What JSON has no word for is null: undefined, functions, NaN."""

    value: conversion.Value


@dataclass(frozen=True, slots=True)
class Thrown:
    """The body threw, or is not JavaScript (`syntax`). `line` and `column` count from 1 in the code as written."""

    name: str
    message: str
    text: str
    line: int | None = None
    column: int | None = None
    syntax: bool = False

    def value(self, code: str) -> str:
        """What a program gets instead of a value: the message, with its place where it has one (semantics 6.2)."""
        if self.line is None or self.column is None:
            return self.text
        if self.syntax:
            return _as_bundled(code, self.message, self.line, self.column)
        return f"[Line {self.line}:Char {_statement(code, self.line, self.column)}] {self.message or self.name}"

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
        return XanoScriptError(f"The JavaScript engine crashed while running this code ({_status_text(self.status)}).")


@dataclass(frozen=True, slots=True)
class Refused:
    """The body asked for something that lambdas may not have, and did not handle the refusal."""

    what: str

    def error(self) -> XanoScriptError:
        return UnavailableError(f"JavaScript asked for {self.what}, which lambdas may not have.", hint=self._way_out())

    def _way_out(self) -> str:
        if self.what.startswith("network access"):
            host = self.what.partition(" to ")[2].strip('"').rpartition(":")[0]
            return f"allow it with --allow-net {host or '*'}, or give the statement a `mock` in a test"
        if self.what.startswith("the preloaded library utils"):
            return "what it holds is published nowhere; use plain JavaScript, or give the statement a `mock` in a test"
        if self.what.startswith("the preloaded library"):
            return (
                "this xsrun was built where npm was not: build its wheel where it is (`pip wheel .` in the sources), "
                "use plain JavaScript, or give the statement a `mock` in a test"
            )
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


@dataclass(frozen=True, slots=True)
class Garbled:
    """The body got hold of objects of the engine's own and changed what the answer is written with."""

    def error(self) -> XanoScriptError:
        return XanoScriptError(
            "The JavaScript engine gave no proper answer.",
            hint="the code changes objects that the engine itself uses, such as JSON or a module of Node's",
        )


Failure = TimedOut | Crashed | Garbled | Refused | TooLarge
Outcome = Value | Thrown | Failure


def _line(code: str, number: int) -> str:
    lines = code.split("\n")
    return lines[number - 1] if number <= len(lines) else ""


def _statement(code: str, line: int, column: int) -> int:
    """Where on its line the statement begins that an error is in, from 1: places inside statements are not kept."""
    before = _line(code, line)[: column - 1]
    start = max(before.rfind(mark) for mark in ";{}") + 1
    return start + len(before[start:]) - len(before[start:].lstrip()) + 1


_QUOTED_TOKEN = re.compile(r"Unexpected (?:token|strict mode reserved word|identifier) '(.+)'")
_IMPORTED = re.compile(r"import\s*(\{|\*|[\w$]+|'[^']*'|\"[^\"]*\")")


def _as_bundled(code: str, message: str, line: int, column: int) -> str:
    """A syntax error as the engine's bundler words it; it counts columns from 0."""
    text, place = message, column - 1
    found = _QUOTED_TOKEN.fullmatch(message)
    if found is not None:
        text = f'Unexpected "{found[1]}"'
    elif message == "Unexpected end of input":
        text = "Unexpected end of file"
    elif "import statement" in message:
        imported = _IMPORTED.match(_line(code, line), place)
        if imported is not None:
            text, place = f'Unexpected "{imported[1]}"', imported.start(1)
    return f"[Line {line}:Char {place}] {text}"


def _status_text(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
