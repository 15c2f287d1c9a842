"""What lexer and grammar noticed on the way and accepted: warnings (language 1.1, 2.3, 2.8, 2.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.analysis.report import TextReport
from xsrun.diagnostics.record import Fix

if TYPE_CHECKING:
    from xsrun.syntax.nodes import Document
    from xsrun.syntax.parsed import Parsed

_WORDS: dict[str, tuple[str, str, str | None]] = {
    "no-break-space": ("XS520", "this blank is a no-break space", "replace it with an ordinary blank"),
    "operator-continues-line": (
        "XS521",
        "the condition goes on on a second line, which older parsers refuse",
        "put it on one line, or the whole condition in parentheses",
    ),
    "words": ("XS522", "several words stand here without quotes; they are taken as one text", "put them in quotes"),
    "filter-before-operator": (
        "XS523",
        "a filtered value stands before an operator without parentheses",
        "put the filtered value in parentheses",
    ),
    "piped-null": ("XS524", "there is nothing before this filter; it gets null", "write null|..., or a value"),
    "empty-root": ("XS525", "this variable has no name; it is null", "write the name of a variable, or null"),
    "backtick-text": ("XS526", "the text in backticks is not an expression; it stays a text", 'write "..." for text'),
}


def report_notes(report: TextReport, parsed: Parsed[Document]) -> None:
    """Turn the notes of a parse into warnings."""
    for word, line, column, length in parsed.notes:
        code, message, hint = _WORDS[word]
        fix = _fix(report, word, line, column)
        report.add(code, message, (line, column, line, column + length), hint, fix)


def _fix(report: TextReport, word: str, line: int, column: int) -> list[Fix] | None:
    """The edit for what can be written otherwise without changing anything."""
    source = report.source
    start = source.offset(line, column)
    if word == "no-break-space":
        return [(start, start + 1, " ")]
    if word == "operator-continues-line" and "//" not in source.line(line - 1) and source.line(line - 1).strip():
        before = source.offset(line - 1, len(source.line(line - 1).rstrip()) + 1)
        return [(before, start, " ")]
    return None
