"""The shape of a text: what it declares, what can be folded, what a selection grows to; and all constructs by name."""

from __future__ import annotations

from lsprotocol import types

from xsrun.analysis.report import name_span
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Field, FieldBlock, Located, Node, Statement

_KINDS = {
    "function": types.SymbolKind.Function,
    "query": types.SymbolKind.Interface,
    "table": types.SymbolKind.Struct,
    "addon": types.SymbolKind.Method,
    "task": types.SymbolKind.Event,
    "api_group": types.SymbolKind.Namespace,
    "workflow_test": types.SymbolKind.Operator,
    "agent": types.SymbolKind.Class,
    "tool": types.SymbolKind.Function,
    "middleware": types.SymbolKind.Function,
}
#: Symbols that are given to a search.
_MOST = 500


def kind_of(construct: str) -> types.SymbolKind:
    """How editors show a kind of construct."""
    return _KINDS.get(construct, types.SymbolKind.Module)


def document_symbols(desk: Desk, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
    """The constructs of a text with their inputs or columns and their tests."""
    opened = desk.opened(params.text_document.uri)
    if opened is None or opened.parsed.tree is None:
        return None
    items = [item for item in opened.parsed.tree.items if isinstance(item, Statement)]
    return [_construct(opened, item) for item in items if item.name in KINDS and item.body is not None]


def _construct(opened: Opened, node: Statement) -> types.DocumentSymbol:
    inside: list[types.DocumentSymbol] = []
    for item in node.body.items if node.body else []:
        if isinstance(item, FieldBlock):
            inside += [_field(opened, field) for field in item.declared if field.name]
        elif isinstance(item, Statement) and item.name == "test":
            name = f"test {item.label or ''}".strip()
            inside.append(_symbol(opened, name, types.SymbolKind.Boolean, item, item.target or item))
    name = " ".join(filter(None, [node.verb, node.label])) or node.name
    return _symbol(opened, name, kind_of(node.name), node, node.target or node, node.name, inside)


def _field(opened: Opened, field: Field) -> types.DocumentSymbol:
    inside = [_field(opened, inner) for inner in field.schema if inner.name]
    return _symbol(opened, field.name, types.SymbolKind.Field, field, field, field.type, inside)


def _symbol(
    opened: Opened,
    name: str,
    kind: types.SymbolKind,
    node: Located,
    title: Located,
    detail: str | None = None,
    inside: list[types.DocumentSymbol] | None = None,
) -> types.DocumentSymbol:
    whole, place = opened.positions.range_of(node), opened.positions.range_of(title)
    return types.DocumentSymbol(name, kind, whole, place, detail, children=inside)


def workspace_symbols(desk: Desk, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
    """The constructs of all programs whose names have the letters that were typed, in their order."""
    found = []
    for session in desk.programs.sessions:
        for name, interface in session.interfaces.items():
            for seen in interface:
                title = " ".join(filter(None, [seen.key[2] if seen.kind == "query" else "", seen.name])) or seen.kind
                if _fits(params.query, f"{seen.kind} {title}"):
                    place = types.Position(seen.line - 1, 0)
                    where = types.Location(desk.uri_of(name), types.Range(place, place))
                    found.append(types.WorkspaceSymbol(where, title, kind_of(seen.kind), container_name=seen.kind))
    return found[:_MOST]


def _fits(query: str, name: str) -> bool:
    letters = iter(name.lower())
    return all(letter in letters for letter in query.lower())


# Folding and selecting -----------------------------------------------------------------------------------------------


def folding(desk: Desk, params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
    """Whatever stands in brackets over several lines, and comments one below the other."""
    opened = desk.opened(params.text_document.uri)
    if opened is None:
        return None
    lines: dict[int, int] = {}
    for node in opened.parsed.tree.walk() if opened.parsed.tree is not None else ():
        if node.end_line > node.line + 1:
            lines[node.line] = max(node.end_line - 1, lines.get(node.line, 0))
    found = [types.FoldingRange(first - 1, last - 1) for first, last in sorted(lines.items())]
    return found + _comments(opened)


def _comments(opened: Opened) -> list[types.FoldingRange]:
    found: list[types.FoldingRange] = []
    start = last = -1
    for line in [one.line for one in opened.parsed.comments if one.own_line] + [0]:
        if line != last + 1 or not line:
            if last > start:
                found.append(types.FoldingRange(start - 1, last - 1, kind=types.FoldingRangeKind.Comment))
            start = line
        last = line
    return found


def selection_ranges(desk: Desk, params: types.SelectionRangeParams) -> list[types.SelectionRange] | None:
    """For each position what a selection there grows to, step by step."""
    opened = desk.opened(params.text_document.uri)
    if opened is None or opened.parsed.tree is None:
        return None
    return [_grown(opened, opened.parsed.tree, opened.positions.place(position)) for position in params.positions]


def _grown(opened: Opened, tree: Node, place: tuple[int, int]) -> types.SelectionRange:
    found = types.SelectionRange(opened.positions.whole())
    for node in nodes_at(tree, place):
        here = opened.positions.range_of(node)
        if here != found.range:
            found = types.SelectionRange(here, found)
        if isinstance(node, Statement) and _holds(name_span(node), place):
            found = types.SelectionRange(opened.positions.range(*name_span(node)), found)
    return found


def nodes_at(tree: Node, place: tuple[int, int]) -> list[Node]:
    """The nodes around a place, from the outermost to the innermost."""
    found: list[Node] = []
    node: Node | None = tree
    while node is not None:
        node = next((one for one in node.children() if _holds(_span(one), place)), None)
        if node is not None:
            found.append(node)
    return found


def _span(node: Located) -> tuple[int, int, int, int]:
    return node.line, node.column, node.end_line, node.end_column


def _holds(span: tuple[int, int, int, int], place: tuple[int, int]) -> bool:
    return span[:2] <= place <= span[2:]
