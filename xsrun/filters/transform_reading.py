"""How the engine reads the argument of `transform`, which it parses by itself (recorded answers, second.md).

* Of an object, the keys behind a filter that was given more than it takes are lost; in parentheses they stay.
* Of a text in backticks that is not an expression, the words at its beginning are one text; calculating with it fails,
  and what else follows is ignored.
"""

from __future__ import annotations

import re

from xsrun.evaluator.filter_arguments import without_surplus
from xsrun.registry import find_filter
from xsrun.syntax.nodes import Entry, Expression, FilterCall, ObjectLiteral, Quoted

_WORDS = re.compile(r"[A-Za-z_]\w*(?:[ \t]+\$?\w[\w.]*)+")
_CALCULATES = re.compile(r"\s*[-*/%+]\s*\$?\w[\w.]*\s*\Z")


def as_transform_reads(node: Expression) -> Expression | str:
    """What the engine makes of the argument; a text is an expression that is still to be parsed."""
    if isinstance(node, ObjectLiteral):
        for position, entry in enumerate(node.entries[:-1], start=1):
            if isinstance(entry, Entry) and _has_surplus(entry.value):
                return ObjectLiteral(node.entries[:position]).at(node, node)
    if isinstance(node, Quoted) and node.expression is None:
        words = _WORDS.match(node.text.lstrip())
        if words is not None:
            rest = node.text.lstrip()[words.end() :]
            return f'"{words[0]}"' + (rest if _CALCULATES.match(rest) else "")
    return node


def _has_surplus(value: Expression) -> bool:
    if not isinstance(value, FilterCall) or (record := find_filter(value.name)) is None:
        return False
    return len(without_surplus(record, value).arguments) < len(value.arguments)
