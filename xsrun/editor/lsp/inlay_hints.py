"""The names of filters' arguments, shown before them."""

from __future__ import annotations

from lsprotocol import types

from xsrun import registry
from xsrun.editor.lsp.desk import Desk
from xsrun.registry import Parameter
from xsrun.syntax.nodes import Expression, FilterCall, Path, Variable


def inlay_hints(desk: Desk, params: types.InlayHintParams) -> list[types.InlayHint] | None:
    """The hints of some lines."""
    opened = desk.opened(params.text_document.uri)
    if opened is None or opened.parsed.tree is None:
        return None
    first, last = params.range.start.line + 1, params.range.end.line + 1
    found = []
    for node in opened.parsed.tree.walk():
        if isinstance(node, FilterCall) and node.arguments and node.line <= last and node.end_line >= first:
            for parameter, argument in _pairs(node):
                name = parameter.name.rstrip("_")
                if first <= argument.line <= last and not _says(argument, name):
                    place = opened.positions.position(argument.line, argument.column)
                    kind = types.InlayHintKind.Parameter
                    found.append(types.InlayHint(place, f"{name}:", kind, tooltip=parameter.type, padding_right=True))
    return sorted(found, key=lambda one: (one.position.line, one.position.character))


def _pairs(node: FilterCall) -> list[tuple[Parameter, Expression]]:
    known = registry.find_filter(node.name)
    if known is None or known.form:
        return []
    return [pair for pair in zip(known.arguments, node.arguments, strict=False) if not pair[0].variadic]


def _says(argument: Expression, name: str) -> bool:
    """Does an argument say itself what it is: `$length` for `length`?"""
    if isinstance(argument, Path):
        return argument.segments[-1].key == name
    return isinstance(argument, Variable) and argument.name == name
