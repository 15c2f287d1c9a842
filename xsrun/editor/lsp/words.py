"""The words of the language in a text: statements, filters, attributes, types, blocks, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lsprotocol import types

from xsrun.analysis.report import Span, attribute_span, name_span
from xsrun.analysis.rules.filters import name_of_filter
from xsrun.editor.lsp.desk import Opened
from xsrun.language import catalogue
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Attribute, Field, FieldBlock, FieldFilter, FilterCall, Node, Statement


class LanguageWord(NamedTuple):
    """A word of the language. `kind` is that of its page, or `attribute`, which has an `owner`: its statement."""

    kind: str
    name: str
    span: Span
    owner: str = ""


def words(opened: Opened) -> Iterator[LanguageWord]:
    """Every word of the language in a text, parents first."""
    tree = opened.parsed.tree
    if tree is None:
        return
    pending: list[tuple[Node, str]] = [(tree, "")]
    while pending:
        node, owner = pending.pop()
        yield from _of(opened, node, owner)
        inside = node.name if isinstance(node, Statement) else owner
        pending += [(child, inside) for child in reversed([*node.children()])]


def _of(opened: Opened, node: Node, owner: str) -> Iterator[LanguageWord]:
    if isinstance(node, Statement):
        yield LanguageWord(_kind_of(node), node.name, name_span(node))
    elif isinstance(node, Attribute):
        yield LanguageWord("attribute", node.name, attribute_span(node), owner)
    elif isinstance(node, FieldBlock):
        yield LanguageWord("block", node.name, (node.line, node.column, node.line, node.column + len(node.name)))
    elif isinstance(node, Field):
        start = node.column + opened.source.line(node.line)[node.column - 1 :].startswith("!")
        yield LanguageWord("type", node.type, (node.line, start, node.line, start + len(node.type)))
    elif isinstance(node, FilterCall):
        yield LanguageWord("filter", node.name, name_of_filter(opened.source, node))
    elif isinstance(node, FieldFilter):
        start = node.column + node.disabled
        yield LanguageWord("input_filter", node.name, (node.line, start, node.line, start + len(node.name)))


def _kind_of(node: Statement) -> str:
    if node.name in KINDS:
        return "construct"
    entry = catalogue.entry("statement", node.name)
    return "statement" if entry is not None and entry["contexts"] != "nested" else "block"


def word_at(opened: Opened, position: types.Position) -> LanguageWord | None:
    """The word of the language at a position, also just behind it; the innermost."""
    line, column = opened.positions.place(position)
    found = None
    for word in words(opened):
        first, start, last, end = word.span
        if (first, start) <= (line, column) <= (last, end):
            found = word
    return found
