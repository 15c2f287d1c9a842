"""A test run as people read it, in the words of the official command line (semantics 8.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from xsrun.diagnostics.color import paint
from xsrun.testing.cases import Case
from xsrun.testing.report import Outcome, Report

if TYPE_CHECKING:
    from xsrun.running.trace import TraceEntry

Printer = Callable[[str], None]
#: The path that people know a file by, from its name in the workspace.
Shown = Callable[[str], str]

_NAMES = {"unit": "unit test", "workflow": "workflow test", "smoke": "smoke run"}
_MARKS = {"pass": ("PASS", "green"), "fail": ("FAIL", "red"), "error": ("FAIL", "red"), "skipped": ("SKIP", "yellow")}
_INDENT = " " * 6


class Terminal:
    """Prints outcomes as they come: a heading for each kind of test, a line for each test, the counts at the end."""

    def __init__(self, out: Printer, *, color: bool = False) -> None:
        self.out = out
        self.color = color
        #: gives the paths of the files of the workspace whose tests run
        self.shown_path: Shown = str
        self.counts: list[int] = []
        self.section: list[Outcome] = []

    def start(self, cases: list[Case]) -> None:
        """Called once, with all tests that will run, in their order."""
        self.counts = [len(list(section)) for _, section in groupby(cases, key=lambda case: case.kind)]

    def result(self, outcome: Outcome) -> None:
        """Called with each outcome."""
        if not self.section or self.section[-1].kind != outcome.kind:
            self.close_section()
            count = self.counts.pop(0) if self.counts else 1
            self.out(f"Running {count} {_NAMES[outcome.kind]}{'' if count == 1 else 's'}...\n")
        self.section.append(outcome)
        for line in outcome_lines(outcome, self.color, self.shown_path):
            self.out(line)

    def close_section(self) -> None:
        """The counts of the tests of one kind that have just ended."""
        if not self.section:
            return
        time = total_time(self.section) if self.section[-1].kind == "workflow" else ""
        self.out(f"\nResults: {counts_of(self.section)}{time}")
        if self.counts:
            self.out("")
        self.section = []

    def finish(self, report: Report) -> None:
        """Called once, when all tests are done."""
        if not report.results:
            self.out("No unit tests found")
        self.close_section()


def counts_of(outcomes: list[Outcome]) -> str:
    """`1 passed, 1 failed`, and how many were skipped if any were."""
    passed = sum(outcome.status == "pass" for outcome in outcomes)
    skipped = sum(outcome.status == "skipped" for outcome in outcomes)
    text = f"{passed} passed, {sum(outcome.failed for outcome in outcomes)} failed"
    return f"{text}, {skipped} skipped" if skipped else text


def total_time(outcomes: list[Outcome]) -> str:
    return f" ({sum(outcome.duration for outcome in outcomes):.3f}s total)"


def outcome_lines(outcome: Outcome, color: bool, shown_path: Shown = str) -> Iterator[str]:
    """The lines of one test: what became of it, and for each expectation that failed what is wrong and where."""
    word, style = _MARKS[outcome.status]
    place = f" [{outcome.obj_type}: {outcome.obj_name}]" if outcome.kind == "unit" else f" ({outcome.duration:.3f}s)"
    yield f"{paint(word, style, color)}  {outcome.name}{place}"
    for message, file, line, more in outcome.problems():
        yield f"{_INDENT}Error: {message}"
        yield f"{_INDENT}       at {shown_path(file)}:{line}"
        for text in more:
            yield f"{_INDENT}       {text}"
    if outcome.failed and outcome.hint:
        yield f"{_INDENT}help: {outcome.hint}"


def duration_lines(report: Report, count: int) -> Iterator[str]:
    """The slowest tests first; 0 shows all."""
    slowest = sorted(report.results, key=lambda outcome: outcome.duration, reverse=True)
    shown = slowest[: count or None]
    yield f"slowest {len(shown)} test{'' if len(shown) == 1 else 's'}:"
    for outcome in shown:
        yield f"  {outcome.duration * 1000:9.2f} ms  {outcome.name} [{outcome.obj_type}: {outcome.obj_name}]"


def trace_lines(entries: list[TraceEntry], shown_path: Shown = str) -> Iterator[str]:
    """The trace of a run, a line for each statement."""
    for entry in entries:
        indent = "  " * max(entry.depth - 1, 0)
        value = f" = {entry.value}" if entry.value else ""
        yield f"{_INDENT}{shown_path(entry.file)}:{entry.line:<5} {indent}{entry.statement}{value}"
