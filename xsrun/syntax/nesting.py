"""Which tokens are in which brackets."""

from __future__ import annotations

from collections.abc import Collection

from xsrun.language.token_classes import CLOSERS, OPENERS
from xsrun.syntax.tokens import Token


def opener_before(tokens: list[Token], index: int) -> int | None:
    """Where the innermost bracket around a place opens; None outside of all."""
    begin = item_begin(tokens, index, ())
    return begin - 1 if begin else None


def item_begin(tokens: list[Token], index: int, separators: Collection[str]) -> int:
    """Where the item around a place begins: behind a separator of its bracket, or behind the bracket."""
    depth = 0
    for place in range(index - 1, -1, -1):
        kind = tokens[place].type
        if depth == 0 and (kind in separators or kind in OPENERS):
            return place + 1
        depth += (kind in CLOSERS) - (kind in OPENERS)
    return 0


def item_end(tokens: list[Token], index: int, separators: Collection[str]) -> int:
    """Where the item around a place ends: at a separator of its bracket, or where the bracket closes."""
    depth = 0
    for place in range(index, len(tokens)):
        kind = tokens[place].type
        if depth == 0 and (kind in separators or kind in CLOSERS):
            return place
        depth += (kind in OPENERS) - (kind in CLOSERS)
    return len(tokens)


def find(tokens: list[Token], kinds: Collection[str], begin: int, end: int) -> int | None:
    """The first token of some kinds between two places, outside of brackets that open there."""
    place = item_end(tokens, begin, kinds)
    return place if place < end and tokens[place].type in kinds else None
