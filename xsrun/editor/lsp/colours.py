"""Semantic tokens: what each word of a text is, for its colour."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.editor.lsp.words import words

_TYPES = [
    *("keyword", "function", "method", "property", "type", "variable", "parameter", "struct", "decorator", "namespace")
]
_MODIFIERS = ["declaration", "modification"]
LEGEND = types.SemanticTokensLegend(_TYPES, _MODIFIERS)
_OF_WORDS = {
    "construct": "keyword",
    "block": "keyword",
    "statement": "function",
    "attribute": "property",
    "type": "type",
    "filter": "method",
    "input_filter": "decorator",
}
#: What names mean; constructs that can be called are functions, all others namespaces.
_OF_NAMES = {"variable": "variable", "input": "parameter", "column": "property", "table": "struct"}
_CALLED = frozenset({"function", "query", "addon", "task", "tool", "middleware", "workflow_test"})
_MODIFIED = {"declares": 1, "writes": 2, "reads": 0}
#: Line, column and length as the editor counts, number of the type, bits of the modifiers.
_Token = tuple[int, int, int, int, int]


def tokens(desk: Desk, params: types.SemanticTokensParams) -> types.SemanticTokens | None:
    """All words of a text."""
    opened = desk.opened(params.text_document.uri)
    return types.SemanticTokens(_encoded(_tokens(desk, opened))) if opened is not None else None


def tokens_between(desk: Desk, params: types.SemanticTokensRangeParams) -> types.SemanticTokens | None:
    """The words of some lines of it."""
    opened = desk.opened(params.text_document.uri)
    if opened is None:
        return None
    first, last = params.range.start.line, params.range.end.line
    return types.SemanticTokens(_encoded(one for one in _tokens(desk, opened) if first <= one[0] <= last))


def _tokens(desk: Desk, opened: Opened) -> list[_Token]:
    """The words in order; none over more than one line, none over another."""
    found: dict[tuple[int, int], _Token] = {}
    for word in words(opened):
        line, start, last, end = word.span
        if line == last and end > start:
            _add(opened, found, (line, start, end), _OF_WORDS[word.kind], 0)
    for one in desk.mentions(opened):
        kind = one.target.kind
        name = _OF_NAMES.get(kind) or ("function" if kind in _CALLED else "namespace")
        _add(opened, found, (one.line, one.column, one.end_column), name, _MODIFIED[one.role])
    made: list[_Token] = []
    for token in sorted(found.values()):
        if not made or token[0] > made[-1][0] or token[1] >= made[-1][1] + made[-1][2]:
            made.append(token)
    return made


def _add(
    opened: Opened, found: dict[tuple[int, int], _Token], span: tuple[int, int, int], name: str, modifiers: int
) -> None:
    line, start, end = span
    first, last = opened.positions.position(line, start), opened.positions.position(line, end)
    length = last.character - first.character
    found[first.line, first.character] = (first.line, first.character, length, _TYPES.index(name), modifiers)


def _encoded(found: Iterator[_Token] | list[_Token]) -> list[int]:
    """Each token relative to the one before it, as the protocol has it."""
    data: list[int] = []
    line = column = 0
    for here, start, length, kind, modifiers in found:
        data += [here - line, start - (column if here == line else 0), length, kind, modifiers]
        line, column = here, start
    return data
