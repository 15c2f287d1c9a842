"""The shapes of the JSON documents that xsrun writes, for type checkers: nothing needs this module to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypeAlias, TypedDict

#: What JSON can say; lists and objects are for reading.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class SyntaxPayload(TypedDict):
    """What goes with the error of a construct that is not XanoScript."""

    diagnostics: list[DiagnosticDocument]


class ErrorBody(TypedDict, total=False):
    """An error as a program answers it over HTTP: `code` and `message`; of `throw` and `debug.stop`, `statement`."""

    code: str
    message: str
    payload: Json | SyntaxPayload
    statement: str


class ErrorDocument(ErrorBody):
    """An error in a document of `--json`: its body and its place."""

    file: str | None
    line: int | None
    column: int | None
    hint: str | None


class DiagnosticDocument(TypedDict):
    """A problem, as `xsrun check --json` prints it."""

    severity: str
    code: str
    message: str
    hint: str | None
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    fix: list[tuple[int, int, str]] | None


class LogDocument(TypedDict):
    """A line that `debug.log` or `console.log` left."""

    value: Json
    file: str | None
    line: int | None


class TraceDocument(TypedDict):
    """One executed statement."""

    statement: str
    file: str
    line: int
    depth: int
    seconds: float
    value: str


class RunDocument(TypedDict):
    """A run, as `xsrun run --json` and `xsrun eval --json` print it."""

    response: Json
    error: ErrorDocument | None
    status: int
    logs: list[LogDocument]
    duration: float
    trace: NotRequired[list[TraceDocument]]
    diagnostics: NotRequired[list[DiagnosticDocument]]


class ExpectationDocument(TypedDict):
    """One judged expectation of a unit test."""

    assertion: str
    line: int
    status: str
    message: NotRequired[str]


class OutcomeDocument(TypedDict):
    """One test."""

    name: str
    obj_name: str
    obj_type: str
    status: str
    message: NotRequired[str]
    file: str
    line: int
    timing: NotRequired[float]
    expectations: NotRequired[list[ExpectationDocument]]


class NoticeDocument(TypedDict):
    """Something about the tests that is not a failure."""

    message: str
    file: str
    line: int
    hint: str | None


class TestDocument(TypedDict):
    """A test run, as `xsrun test --json` prints it."""

    passed: int
    failed: int
    results: list[OutcomeDocument]
    total_timing: NotRequired[float]
    warnings: NotRequired[list[NoticeDocument]]
    diagnostics: NotRequired[list[DiagnosticDocument]]
