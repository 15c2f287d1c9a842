"""Finding the tests of a workspace and what its smoke runs call, and the mocks that belong to none of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xsrun.diagnostics.suggest import did_you_mean
from xsrun.lazy_regex import MULTILINE, pattern
from xsrun.records import record
from xsrun.syntax.nodes import Entry, Literal, Name, Node, ObjectLiteral, Statement
from xsrun.testing.report import Notice
from xsrun.workspace.construct import Construct, text_of

#: Constructs whose `test` blocks run.
TESTED_KINDS = ("query", "function", "middleware", "task", "tool", "addon")
#: Constructs that a smoke run calls (`xsrun.testing.smoke`).
SMOKE_KINDS = ("query", "function", "task", "tool", "run.job")
_TEST_IN_TEXT = pattern(r"^[ \t]*(test[ \t]+[\"'\w]|workflow_test\b)", MULTILINE)


@record(frozen=True)
class Case:
    """One test: a `test` block of a construct (`kind` "unit"), a workflow test ("workflow"), or a smoke run ("smoke").

    `node` is the block; None for a smoke run, and for a construct that cannot be read but whose text has tests.
    """

    name: str
    kind: str
    construct: Construct
    node: Statement | None

    @property
    def file(self) -> str:
        return self.construct.file

    @property
    def line(self) -> int:
        return self.node.line if self.node is not None else self.construct.line

    @property
    def identity(self) -> str:
        """What tells the test from all others of its workspace."""
        return f"{self.file}::{self.construct.label}::{self.name}"

    @property
    def datasource(self) -> str:
        """The datasource whose rows the test begins with; empty for an empty database."""
        return (text_of(self.node.attribute("datasource")) if self.node is not None else None) or ""

    @property
    def switched_off(self) -> bool:
        if self.node is None:
            return False
        disabled = self.node.attribute("disabled")
        return self.node.disabled or (isinstance(disabled, Literal) and disabled.value is True)

    def fits(self, pattern: str | None) -> bool:
        """Is the pattern part of the test's or construct's name, in whatever case?"""
        return not pattern or pattern.lower() in f"{self.name}\n{self.construct.label}".lower()


def find_cases(
    constructs: Iterable[Construct], pattern: str | None = None, kind: str | None = None, files: set[str] | None = None
) -> list[Case]:
    """The tests of some constructs: those of a kind, below some files, whose name contains the pattern.

    Unit tests come first, as in the official output. Smoke runs come only when they are asked for.
    """
    chosen = [one for one in constructs if files is None or one.file in files]
    if kind == "smoke":
        runs = [Case(one.label, kind, one, None) for one in chosen if one.kind in SMOKE_KINDS]
        return [case for case in runs if case.fits(pattern)]
    cases = [case for construct in chosen for case in _cases_of(construct) if case.fits(pattern)]
    return [case for wanted in ("unit", "workflow") if kind in (None, wanted) for case in cases if case.kind == wanted]


def _cases_of(construct: Construct) -> Iterator[Case]:
    if construct.kind == "workflow_test":
        yield Case(construct.name, "workflow", construct, construct.node)
        return
    # the text is at hand, the tree may have to be fetched
    tests = construct.tests if construct.kind in TESTED_KINDS and "test" in construct.text else []
    for test in tests:
        yield Case(test.label or "", "unit", construct, test)
    broken = any(problem.severity == "error" for problem in construct.problems)
    if broken and not tests and _TEST_IN_TEXT.search(construct.text):
        yield Case("tests of this file", "unit", construct, None)


def unmatched_mocks(constructs: Iterable[Construct]) -> list[Notice]:
    """A warning for every mock whose name is that of no test of its construct: it is never used (semantics 1.8)."""
    found = []
    for construct in constructs:
        if "mock" not in construct.text:
            continue
        names = {test.label for test in construct.tests if test.label is not None}
        for key, node in _mocks_of(construct):
            if key not in names:
                hint = did_you_mean(key, names) if names else f"{construct.label} has no tests"
                found.append(
                    Notice(f'no test is called "{key}", so this mock is never used', construct.file, node.line, hint)
                )
    return found


def _mocks_of(construct: Construct) -> Iterator[tuple[str, Node]]:
    if construct.kind not in TESTED_KINDS:
        return
    for item in construct.items:
        for node in item.walk():
            if not isinstance(node, Statement):
                continue
            mock = node.attribute("mock")
            for entry in mock.entries if isinstance(mock, ObjectLiteral) else []:
                if isinstance(entry, Entry) and not entry.disabled:
                    yield entry.key, entry
            for block in node.blocks("mock"):
                if isinstance(block.target, Name):
                    yield block.target.text, block
