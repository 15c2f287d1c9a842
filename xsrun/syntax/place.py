"""A token that fits nowhere, with its neighbours, and those who recognise what was meant by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xsrun.diagnostics.record import Fix
from xsrun.language.token_classes import CLOSERS, OPENERS
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Token


class Found(NamedTuple):
    """What a recogniser found."""

    code: str
    message: str
    hint: str | None
    token: Token
    fix: list[Fix] | None = None


class Place:
    """The token that fits nowhere, with its neighbours."""

    def __init__(self, source: Source, items: list[Token], index: int) -> None:
        self.source, self.items, self.index = source, items, index

    def kind(self, offset: int = 0) -> str:
        token = self.token(offset)
        return token.type if token is not None else ""

    def value(self, offset: int = 0) -> str:
        token = self.token(offset)
        return token.value if token is not None else ""

    def token(self, offset: int = 0) -> Token | None:
        place = self.index + offset
        return self.items[place] if 0 <= place < len(self.items) else None

    def at(self, offset: int = 0) -> Token:
        return self.items[self.index + offset]

    @property
    def bracket(self) -> str:
        """The type of the innermost bracket around the token, empty at the top."""
        opener = self.opener
        return self.items[opener].type if opener is not None else ""

    @property
    def opener(self) -> int | None:
        """Where the innermost bracket around the token opens among the tokens; None at the top."""
        depth = 0
        for index in range(self.index - 1, -1, -1):
            kind = self.items[index].type
            depth += (kind in CLOSERS) - (kind in OPENERS)
            if depth < 0:
                return index
        return None

    def head(self) -> list[Token]:
        """The tokens of the line's statement before the token."""
        begin, depth = self.index, 0
        while begin > 0:
            kind = self.items[begin - 1].type
            if depth == 0 and (kind == "_NEWLINE" or kind in OPENERS):
                break
            depth += (kind in CLOSERS) - (kind in OPENERS)
            begin -= 1
        return self.items[begin : self.index]

    def rest_of_line(self, start: int) -> str:
        """The text from an offset to the brace that ends the line, or to the line's end."""
        text = self.source.text[start:].partition("\n")[0]
        return text.partition(" {")[0].rstrip()


Recogniser = Callable[[Place], Found | None]


class Recognisers:
    """Functions that recognise a mistake, in the order in which they are tried: that of their file."""

    def __init__(self) -> None:
        self.all: list[Recogniser] = []

    def add(self, function: Recogniser) -> Recogniser:
        """Declare a recogniser."""
        self.all.append(function)
        return function


def cut(token: Token, new: str = "") -> list[Fix]:
    """The edit that puts a text in the place of a token."""
    return [(token.start_pos, token.end_pos, new)]
