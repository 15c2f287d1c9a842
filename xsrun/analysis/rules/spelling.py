"""How literals and bare words are spelled: escapes that a save would lose, words without quotes (language 1.5, 2.6)."""

from __future__ import annotations

import re

from xsrun.analysis.report import TextReport, span_of
from xsrun.syntax.nodes import Literal, Word

_UNKNOWN_ESCAPE = re.compile(r'\\(?:\\|x[0-9A-Fa-f]{2}|[0-7]|[nrtabfv"])|(\\.)', re.DOTALL)
#: The name of a header with hyphens, written as a member.
_HEADER = re.compile(r"\$http_headers\.(\w+(?:-\w+)+)")
_FOREIGN_WORDS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "nil": "null",
    "NULL": "null",
    "Null": "null",
    "undefined": "null",
    "void": "null",
    "NOW": "now",
    "Now": "now",
}


def check_literal(report: TextReport, node: Literal) -> None:
    """A text with an escape that the language does not know, or a number with a leading zero."""
    if node.style == '"' and "\\" in node.value:
        start, end = report.offsets(node)
        for match in _UNKNOWN_ESCAPE.finditer(report.source.text, start + 1, end - 1):
            if match.group(1):
                line, column = report.source.position(match.start())
                shown = match.group(1)
                text = f"`{shown}` is not an escape; saving to Xano drops the backslash"
                fix = [(match.start(), match.start(), "\\")]
                report.add("XS527", text, (line, column, line, column + 2), f"write \\{shown}", fix)
                return
    elif node.style == "block":
        _swallowed_block(report, node)
    elif node.value.__class__ is int and node.end_column - node.column > 1:
        start, end = report.offsets(node)
        raw = report.source.text[start:end].lstrip("-+ ")
        if raw[:1] == "0" and raw.isdigit() and len(raw) > 1:
            report.add(
                "XS528", f"`{raw}` is read as {node.value}", span_of(node), "write it in quotes to keep the zeros"
            )


def _swallowed_block(report: TextReport, node: Literal) -> None:
    """A text block that holds the beginning of another one has most likely lost its own end."""
    start, _ = report.offsets(node)
    delimiter = report.source.text[start : start + 3]
    for index, line in enumerate(node.value.split("\n")):
        if line.rstrip().endswith(delimiter) and line.rstrip()[:-3].rstrip()[-1:] in ("=", ":", "("):
            text = f"this text block holds the beginning of another one, on line {node.line + 1 + index}"
            hint = f"its end is probably missing: a line that begins with {delimiter}"
            report.add("XS538", text, (node.line, node.column, node.line, node.column + 3), hint)
            return


def check_word(report: TextReport, node: Word) -> None:
    """A bare word where a value is meant: it stands for its own text."""
    text = node.text
    if text in _FOREIGN_WORDS:
        hint = f"did you mean {_FOREIGN_WORDS[text]}? names of values are written in small letters"
    else:
        hint = _header(report, node) or f'did you mean ${text}, or "{text}"?'
    report.add("XS615", f'the bare word `{text}` is the text "{text}"', span_of(node), hint)


def _header(report: TextReport, node: Word) -> str | None:
    """`$env.$http_headers.X-Shop-Domain` is a subtraction: a key with a hyphen stands in brackets."""
    line = report.source.text.split("\n")[node.line - 1]
    for match in _HEADER.finditer(line):
        if match.start() < node.column - 1 < match.end():
            return f'a name with hyphens stands in brackets: $env.$http_headers["{match[1]}"]'
    return None
