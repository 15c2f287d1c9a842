"""A test run as people read it, in the words of the official command line (semantics 8.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from shlex import quote as quoted

from xsrun.diagnostics.color import paint
from xsrun.hints import TYPE_CHECKING
from xsrun.testing.cases import Case
from xsrun.testing.report import Outcome, Report

if TYPE_CHECKING:
    from xsrun.diagnostics.progress import Counter
    from xsrun.running.trace import TraceEntry

Printer = Callable[[str], None]
#: The path that people know a file by, from its name in the workspace.
Shown = Callable[[str], str]

_NAMES = {"unit": "unit test", "workflow": "workflow test", "smoke": "smoke run"}
_MARKS = {"pass": ("PASS", "green"), "fail": ("FAIL", "red"), "error": ("FAIL", "red"), "skipped": ("SKIP", "yellow")}
_INDENT = " " * 6
#: How many lines of its log a test shows.
_MOST_LOGS = 20


class Terminal:
    """Prints outcomes as they come: a heading for each kind of test, a line for each test, the counts at the end.

    `verbose` below 0 shows failures alone, above 0 also where each test stands and what it took. `counter` shows how
    many tests have run, where their lines are not shown.
    """

    def __init__(self, out: Printer, *, color: bool = False, verbose: int = 0, counter: Counter | None = None) -> None:
        self.out = out
        self.color = color
        self.verbose = verbose
        self.counter = counter
        #: gives the paths of the files of the workspace whose tests run
        self.shown_path: Shown = str
        self.counts: list[int] = []
        self.total = 0
        self.section: list[Outcome] = []
        self.done: list[Outcome] = []
        #: the node id and the first words of each failure
        self.failures: list[tuple[str, str]] = []

    def start(self, cases: list[Case]) -> None:
        """Called once, with all tests that will run, in their order."""
        self.counts = [len(list(section)) for _, section in groupby(cases, key=lambda case: case.kind)]
        self.total = len(cases)

    def result(self, outcome: Outcome) -> None:
        """Called with each outcome."""
        self.done.append(outcome)
        if outcome.failed:
            message = outcome.problems()[0][0]
            self.failures.append((node_id(outcome, self.shown_path), message))
        if self.counter is not None:
            self.counter.clear() if outcome.failed else self.counter.at(len(self.done))
        if self.verbose < 0 and not outcome.failed:
            return
        if not self.section or self.section[-1].kind != outcome.kind:
            self.close_section()
            count = self.counts.pop(0) if self.counts else 1
            if self.verbose >= 0:
                self.out(f"Running {count} {_NAMES[outcome.kind]}{'' if count == 1 else 's'}...\n")
        self.section.append(outcome)
        for line in outcome_lines(outcome, self.color, self.shown_path, verbose=self.verbose > 0):
            self.out(line)

    def close_section(self) -> None:
        """The counts of the tests of one kind that have just ended."""
        if self.section and self.verbose >= 0:
            time = total_time(self.section) if self.section[-1].kind == "workflow" else ""
            self.out(f"\nResults: {counts_of(self.section, self.color)}{time}")
            if self.counts:
                self.out("")
        self.section = []

    def finish(self, report: Report) -> None:
        """Called once, when all tests are done: what failed once more, and the counts of all kinds together."""
        if self.counter is not None:
            self.counter.clear()
        if not report.results:
            self.out("No unit tests found")
        self.counts = []  # a run that was stopped has some left
        self.close_section()
        if self.failures and len(report.results) > 1:
            self.out("")
            for node, message in self.failures:
                self.out(f"{paint('FAILED', 'bold red', self.color)} {quoted(node)} - {message}")
        left = self.total - len(report.results)
        if self.verbose < 0 or left or len({outcome.kind for outcome in report.results}) > 1:
            more = f", {left} not run" if left else ""
            self.out(f"\nTotal: {counts_of(report.results, self.color)}{more} ({report.duration:.3f}s)")


def node_id(outcome: Outcome, shown_path: Shown = str) -> str:
    """What names one test on the command line: `function/add.xs::adds`."""
    return f"{shown_path(outcome.test_file)}::{outcome.name}"


def counts_of(outcomes: list[Outcome], color: bool = False) -> str:
    """`1 passed, 1 failed`, and how many were skipped if any were."""
    passed, failed = sum(one.status == "pass" for one in outcomes), sum(one.failed for one in outcomes)
    skipped = sum(outcome.status == "skipped" for outcome in outcomes)
    text = f"{paint(f'{passed} passed', 'green' if passed else '', color)}, "
    text += paint(f"{failed} failed", "bold red" if failed else "", color)
    return f"{text}, {paint(f'{skipped} skipped', 'yellow', color)}" if skipped else text


def total_time(outcomes: list[Outcome]) -> str:
    return f" ({sum(outcome.duration for outcome in outcomes):.3f}s total)"


def outcome_lines(outcome: Outcome, color: bool, shown_path: Shown = str, *, verbose: bool = False) -> Iterator[str]:
    """The lines of one test: what became of it; of one that failed, what is wrong and where, and what it logged."""
    word, style = _MARKS[outcome.status]
    place = f" [{outcome.obj_type}: {outcome.obj_name}]" if outcome.kind == "unit" else f" ({outcome.duration:.3f}s)"
    if verbose:
        time = f" ({outcome.duration:.3f}s)" if outcome.kind == "unit" else ""
        place += f"{time} {quoted(node_id(outcome, shown_path))}"
    yield f"{paint(word, style, color)}  {outcome.name}{place}"
    for message, file, line, more in outcome.problems():
        yield f"{_INDENT}Error: {message}"
        yield f"{_INDENT}       at {shown_path(file)}:{line}"
        for text in more:
            yield f"{_INDENT}       {text}"
    if outcome.failed and outcome.hint:
        yield f"{_INDENT}help: {outcome.hint}"
    if outcome.failed or verbose:
        yield from log_lines(outcome, shown_path)


def log_lines(outcome: Outcome, shown_path: Shown) -> Iterator[str]:
    """What a test logged, the last lines of much."""
    left = len(outcome.logs) - _MOST_LOGS
    if left > 0:
        yield f"{_INDENT}log: ... {left} more before these"
    for entry in outcome.logs[-_MOST_LOGS:]:
        place = f"{shown_path(entry.file)}:{entry.line}: " if entry.file else ""
        yield f"{_INDENT}log: {place}{entry.text}"


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
