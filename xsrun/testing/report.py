"""What a test run found: one outcome for each test, and the documents made of them."""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.records import made, record, replace
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from xsrun.documents import ExpectationDocument, NoticeDocument, OutcomeDocument, TestDocument
    from xsrun.running.context import LogEntry
    from xsrun.running.trace import TraceEntry

#: How a test ended. "error": it could not be carried out (a limit, a missing mock, a mistake in the test itself).
STATUSES = ("pass", "fail", "error", "skipped")


@record
class Expectation:
    """One judged expectation of a unit test. `expected` and `actual` are values; of `to_throw`, texts."""

    assertion: str
    line: int
    passed: bool
    message: str = ""
    expected: Value = None
    actual: Value = None
    difference: list[str] = made(factory=list)

    def as_dict(self) -> ExpectationDocument:
        status = "pass" if self.passed else "fail"
        document: ExpectationDocument = {"assertion": self.assertion, "line": self.line, "status": status}
        if not self.passed:
            document["message"] = self.message
        return document


@record
class Outcome:
    """How one test ended. `line` is where it failed, or where the test stands; `duration` is in seconds.

    `construct` is what messages call it (`function math/add`); `obj_name` and `obj_type` are the official fields.
    """

    name: str
    construct: str
    kind: str
    status: str
    message: str = ""
    file: str = ""
    line: int = 0
    duration: float = 0.0
    obj_name: str = ""
    obj_type: str = ""
    hint: str | None = None
    #: what ended the run of the construct, or the test itself
    error: XanoScriptError | None = None
    test_file: str = ""
    expectations: list[Expectation] = made(factory=list)
    logs: list[LogEntry] = made(factory=list)
    warnings: list[Diagnostic | XanoScriptError | str] = made(factory=list)
    trace: list[TraceEntry] | None = None

    @property
    def failed(self) -> bool:
        return self.status in ("fail", "error")

    @property
    def identity(self) -> str:
        """What tells the test from all others of its workspace, see `Case.identity`."""
        return f"{self.test_file}::{self.construct}::{self.name}"

    def problems(self) -> list[tuple[str, str, int, list[str]]]:
        """What is wrong, one entry for each thing: message, file, line, and lines that say more.

        That is every expectation that failed; but an error that the run raised is one thing, at its own place.
        """
        failures = [one for one in self.expectations if not one.passed]
        raised = len({one.message for one in failures}) == 1 and (self.file, self.line) != (
            self.test_file,
            failures[0].line,
        )
        if not self.failed:
            return []
        if failures and not raised:
            return [(one.message, self.test_file, one.line, one.difference) for one in failures]
        message, *more = self.message.splitlines() or [""]
        return [(message, self.file, self.line, more)]

    def as_dict(self) -> OutcomeDocument:
        """The official record, with file and line; an error counts as a failure, and a pass has no message."""
        record: OutcomeDocument = {
            "name": self.name,
            "obj_name": self.obj_name,
            "obj_type": self.obj_type,
            "status": "fail" if self.failed else self.status,
            "message": self.message,
            "file": self.file,
            "line": self.line,
        }
        if not self.message or self.status == "pass":
            del record["message"]
        if self.kind == "workflow":
            record["timing"] = round(self.duration, 3)
        if self.failed and self.expectations:
            record["expectations"] = [one.as_dict() for one in self.expectations]
        return record


@record
class Notice:
    """Something about the tests that is not a failure: a mock that belongs to no test."""

    message: str
    file: str
    line: int
    hint: str | None = None

    def as_dict(self) -> NoticeDocument:
        return {"message": self.message, "file": self.file, "line": self.line, "hint": self.hint}


@record
class Report:
    """The outcomes of a test run, in the order of the tests. `duration` is the wall time in seconds."""

    results: list[Outcome] = made(factory=list)
    warnings: list[Notice] = made(factory=list)
    #: errors of files whose tests, if they hold any, could not be found
    unread: list[Diagnostic] = made(factory=list)
    #: of the other files: a file that holds no tests may be broken without failing the run
    elsewhere: list[Diagnostic] = made(factory=list)
    duration: float = 0.0

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(outcome.status == "pass" for outcome in self.results)

    @property
    def failed(self) -> int:
        """How many tests failed, or ended with an error of their own."""
        return sum(outcome.failed for outcome in self.results)

    @property
    def skipped(self) -> int:
        """How many tests did not run."""
        return sum(outcome.status == "skipped" for outcome in self.results)

    def add(self, other: Report) -> None:
        """Take in what another workspace's tests found."""
        for name in ("results", "warnings", "unread", "elsewhere"):
            getattr(self, name).extend(getattr(other, name))
        self.duration += other.duration

    def rename(self, shown_path: Callable[[str], str]) -> None:
        """Call every file by the path that users know it by."""
        for outcome in self.results:
            outcome.file = shown_path(outcome.file)
        for notice in self.warnings:
            notice.file = shown_path(notice.file)
        self.unread = [replace(one, file=shown_path(one.file)) for one in self.unread]
        self.elsewhere = [replace(one, file=shown_path(one.file)) for one in self.elsewhere]

    def of_kind(self, kind: str) -> list[Outcome]:
        """The outcomes of "unit" or "workflow" tests."""
        return [outcome for outcome in self.results if outcome.kind == kind]

    def as_dict(self) -> TestDocument:
        """The document of `xsrun test --json`."""
        document: TestDocument = {
            "passed": self.passed,
            "failed": self.failed,
            "results": [outcome.as_dict() for outcome in self.results],
        }
        if any(outcome.kind == "workflow" for outcome in self.results):
            document["total_timing"] = round(sum(one.duration for one in self.of_kind("workflow")), 3)
        if self.warnings:
            document["warnings"] = [warning.as_dict() for warning in self.warnings]
        if self.unread or self.elsewhere:
            document["diagnostics"] = [one.as_dict() for one in (*self.unread, *self.elsewhere)]
        return document
