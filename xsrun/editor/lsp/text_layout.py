"""Formatting of a text and of a part of it: the lines that would be others."""

from __future__ import annotations

import difflib

from lsprotocol import types

from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.errors import XanoScriptError
from xsrun.syntax.format.formatter import format_source


def formatting(desk: Desk, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """The edits that format a text; none when it has syntax errors."""
    opened = desk.opened(params.text_document.uri)
    return _edits(opened) if opened is not None else None


def range_formatting(desk: Desk, params: types.DocumentRangeFormattingParams) -> list[types.TextEdit] | None:
    """Of those the ones that touch the lines of a range: what stands there depends on the text around it."""
    opened = desk.opened(params.text_document.uri)
    edits = _edits(opened) if opened is not None else None
    if edits is None:
        return None
    first, last = params.range.start.line, params.range.end.line
    if params.range.end.character == 0 and last > first:
        last -= 1
    return [one for one in edits if one.range.start.line <= last and max(one.range.end.line - 1, 0) >= first]


def _edits(opened: Opened) -> list[types.TextEdit] | None:
    text = opened.source.text
    try:
        made = format_source(text, opened.name)
    except XanoScriptError:
        return None
    return line_edits(text, made, opened.positions.whole().end)


def line_edits(text: str, made: str, end_of_text: types.Position) -> list[types.TextEdit]:
    """Edits of whole lines that make one text the other."""
    before, after = _lines(text), _lines(made)
    edits = []
    for kind, start, end, new, new_end in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if kind == "equal":
            continue
        if end == len(before) and start == end and before and not before[-1].endswith("\n"):
            start -= 1  # nothing can be inserted behind a last line that does not end
            new -= 1
        place = types.Range(types.Position(start, 0), end_of_text if _is_open(before, end) else types.Position(end, 0))
        edits.append(types.TextEdit(place, "".join(after[new:new_end])))
    return edits


def _lines(text: str) -> list[str]:
    found = text.split("\n")
    return [f"{line}\n" for line in found[:-1]] + ([found[-1]] if found[-1] else [])


def _is_open(lines: list[str], end: int) -> bool:
    """Is this the end of a text whose last line does not end?"""
    return bool(end) and end == len(lines) and not lines[-1].endswith("\n")
