"""Where the checks of one text put what they find."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVarTuple

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.record import severity_of
from xsrun.syntax.spans import Span, attribute_span, name_span, span_of, title_span

if TYPE_CHECKING:
    from xsrun.diagnostics.record import Fix
    from xsrun.registry.demands import Demand
    from xsrun.syntax.nodes import Located, Statement
    from xsrun.syntax.source import Source

Arguments = TypeVarTuple("Arguments")


class TextReport:
    """Gathers the problems of one text."""

    __slots__ = ("found", "source", "unchecked")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        #: statements that are still to be checked, where they stand, and whether they themselves are or only their body
        self.unchecked: list[tuple[Statement, str, bool]] = []

    def look_at(self, statement: Statement, context: str) -> None:
        """Have a statement checked, and what stands in its braces."""
        self.unchecked.append((statement, context, True))

    def look_into(self, block: Statement, context: str) -> None:
        """Have only what stands in the braces of a block checked."""
        self.unchecked.append((block, context, False))

    def add(
        self, code: str, message: str, place: Located | Span, hint: str | None = None, fix: list[Fix] | None = None
    ) -> None:
        """Add a problem at a node or span."""
        line, column, end_line, end_column = place if isinstance(place, tuple) else span_of(place)
        severity, name = severity_of(code), self.source.filename
        self.found.append(Diagnostic(severity, code, message, hint, name, line, column, end_line, end_column, fix))

    def demand(self, unmet: Demand | None, hint: str | None = None, fix: list[Fix] | None = None) -> bool:
        """Add what no run gets past, with a better hint or a fix where there is one; whether there was any."""
        if unmet is None:
            return False
        self.add(unmet.code, unmet.message, unmet.place, hint or unmet.hint, fix)
        return True

    def text_of(self, node: Located) -> str:
        """The text of a node on one line, blanks drawn together."""
        start, end = self.offsets(node)
        return " ".join(self.source.text[start:end].split())

    def offsets(self, node: Located) -> tuple[int, int]:
        """Where a node begins and ends, as offsets into the text."""
        source = self.source
        return source.offset(node.line, node.column), source.offset(node.end_line, node.end_column)


#: How deep a check may call itself at a second try: Python's own calls do not use the machine's stack.
_DEEP = 20_000


def guarded(report: TextReport, place: Located, check: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
    """Run a check; a program nested deeper than Python can follow is a problem of the program, not a crash."""
    found, usual = len(report.found), sys.getrecursionlimit()
    try:
        check(*arguments)
        return
    except RecursionError:
        del report.found[found:]
        report.unchecked.clear()
    sys.setrecursionlimit(max(usual, _DEEP))
    try:
        check(*arguments)
    except RecursionError:
        if any(problem.code == "XS138" for problem in report.found):
            return
        hint = "put parts of it into variables"
        report.add("XS138", "this is nested too deeply to be followed", (*span_of(place)[:2], place.line, 0), hint)
    finally:
        sys.setrecursionlimit(usual)


def article(word: str) -> str:
    """A word with its article: `an addon`, `a query`."""
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"


__all__ = ["Span", "TextReport", "article", "attribute_span", "guarded", "name_span", "span_of", "title_span"]
