"""The place where somebody types: the brackets around it and what stands before it on its line.

It is read from the text alone, not from a tree: while a line is typed there is none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from xsrun.language.constructs import FIELD_BLOCKS, KINDS

#: What a bracket may not be in, and brackets; an open text ends with what is typed.
_PIECES = re.compile(
    r'"""(?:(?!""")[\s\S])*(?:"""|\Z)|```(?:(?!```)[\s\S])*(?:```|\Z)|"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z)'
    r"|'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z)|`[^`\n]*`|//[^\n]*|[{}()\[\]]"
)
_FIRST_WORD = re.compile(r"!?([A-Za-z_][\w.]*)")
_PAIRS = {"}": "{", ")": "(", "]": "["}


class Opener(NamedTuple):
    """An open bracket and what stands before it on its line: `db.query stock`, `data =`."""

    bracket: str
    head: str
    offset: int

    @property
    def word(self) -> str:
        """The first word of the head: of a statement, a block, an attribute or a key."""
        match = _FIRST_WORD.match(self.head)
        return match[1] if match else ""

    @property
    def is_value(self) -> bool:
        """Is it the begin of a value, `data = {`, rather than of a block?"""
        return self.bracket != "{" or self.head.endswith(("=", ":", "(", "[", ",")) or not self.head

    @property
    def rest(self) -> str:
        """What follows the first word, without quotes: the name in `db.query "stock"`."""
        return self.head.lstrip("!")[len(self.word) :].strip().strip("\"'")


class TypingPlace(NamedTuple):
    """Where something is typed: its open brackets from the outermost to the innermost, and its line up to there."""

    openers: list[Opener]
    before: str
    #: inside of a comment nothing is offered
    in_comment: bool
    #: inside of an open text
    in_text: bool

    @property
    def inner(self) -> Opener | None:
        return self.openers[-1] if self.openers else None

    @property
    def block(self) -> Opener | None:
        """The innermost bracket that is a block and not part of a value."""
        return next((one for one in reversed(self.openers) if not one.is_value), None)

    @property
    def construct(self) -> Opener | None:
        return next((one for one in self.openers if one.word in KINDS), None)

    @property
    def in_fields(self) -> bool:
        """Are fields declared here?"""
        block = self.block
        return block is not None and block.word in FIELD_BLOCKS and self.inner is block

    def around(self, start: str) -> Opener | None:
        """The innermost block whose first word begins so."""
        return next((one for one in reversed(self.openers) if one.word.startswith(start)), None)


def typing_place(text: str, offset: int) -> TypingPlace:
    """The place at an offset of a text."""
    openers: list[Opener] = []
    in_comment = in_text = False
    for match in _PIECES.finditer(text, 0, offset):
        piece = match[0]
        if piece in _PAIRS:
            if any(one.bracket == _PAIRS[piece] for one in openers):
                while openers.pop().bracket != _PAIRS[piece]:
                    pass
        elif piece in "{([":
            openers.append(Opener(piece, _head(text, match.start()), match.start()))
        elif match.end() == offset:
            in_comment = piece.startswith("//")
            in_text = not in_comment and (len(piece) == 1 or piece[-1] != piece[0])
    line = text.rfind("\n", 0, offset) + 1
    start = max(line, openers[-1].offset + 1 if openers else 0)
    return TypingPlace(openers, text[start:offset], in_comment, in_text)


def _head(text: str, offset: int) -> str:
    """What stands before a bracket on its line, from the bracket before it on."""
    line = text.rfind("\n", 0, offset) + 1
    before = text[line:offset]
    cut = max(before.rfind("{"), before.rfind("["), before.rfind(",")) + 1
    return before[cut:].strip()
