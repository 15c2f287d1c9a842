"""A token that fits nowhere, with its neighbours, and those who recognise what was meant by it."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.diagnostics.record import Fix
from xsrun.hints import NamedTuple
from xsrun.language.token_classes import BLOCK_OPENERS
from xsrun.syntax.nesting import find, item_begin, opener_before
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Token


class Found(NamedTuple):
    """What a recogniser found."""

    code: str
    message: str
    hint: str | None
    token: Token
    fix: list[Fix] | None = None


class Misfit:
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
        """The token to point at: where the text ends too early, its last one."""
        return self.items[min(self.index + offset, len(self.items) - 1)]

    @property
    def bracket(self) -> str:
        """The type of the innermost bracket around the token, empty at the top."""
        opener = self.opener
        return self.items[opener].type if opener is not None else ""

    @property
    def opener(self) -> int | None:
        """Where the innermost bracket around the token opens among the tokens; None at the top."""
        return opener_before(self.items, self.index)

    def head(self) -> list[Token]:
        """The tokens of the line's statement before the token."""
        return self.items[item_begin(self.items, self.index, ("_NEWLINE",)) : self.index]

    @property
    def in_value(self) -> bool:
        """Is the token in a value, not in the head of a statement or among fields?"""
        if self.bracket not in BLOCK_OPENERS | {""}:
            return True
        begin = item_begin(self.items, self.index, ("_NEWLINE",))
        return find(self.items, ("ASSIGN",), begin, self.index) is not None

    def rest_of_line(self, start: int) -> str:
        """The text from an offset to the brace that ends the line, or to the line's end."""
        text = self.source.text[start:].partition("\n")[0]
        return text.partition(" {")[0].rstrip()


Recogniser = Callable[[Misfit], Found | None]


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
