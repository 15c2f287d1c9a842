"""SQL's LIKE in a time that grows with the text, whatever the pattern: nothing here goes back and tries again.

A pattern is its parts between the `%`. The first has to be at the start of the text and the last at its end; each of
the others is looked for behind the one before it, and taken where it is found first: a later place would only leave
less for those that follow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    import re

#: Characters of a part that `re` looks for, place by place.
_SHORT = 64
#: Characters that are looked at first for a part with several pieces, and pieces whose places are kept meanwhile.
_NEAR = 256
_KNOWN = 64
#: Stands for `_` in a part: half of a character, which no text in UTF-8 holds.
ANY = "\udfff"


def _expression(text: str) -> re.Pattern[str]:
    """What finds a part."""
    import re

    return re.compile(re.escape(text).replace(re.escape(ANY), "."), re.DOTALL)


class LikePart:
    """What stands between two `%`: its length, and its literal pieces with their places in it."""

    __slots__ = ("_expression", "length", "pieces")

    def __init__(self, text: str) -> None:
        self.length = len(text)
        short = self.length <= _SHORT
        self._expression = _expression(text) if short else None
        self.pieces: list[tuple[int, str]] = []
        place = 0
        for piece in text.split(ANY):
            if piece:
                self.pieces.append((place, piece))
            place += len(piece) + 1

    def is_at(self, text: str, start: int) -> bool:
        """Whether it is at a place of a text that has as many characters there."""
        if self._expression is not None:
            return self._expression.match(text, start) is not None
        return all(text.startswith(piece, start + place) for place, piece in self.pieces)

    def is_in(self, text: str) -> bool:
        """Whether it is anywhere in a text."""
        return self.first_in(text, 0, len(text)) >= 0

    def first_in(self, text: str, start: int, end: int) -> int:
        """The first place between two others where it is; -1 for none."""
        last = end - self.length
        if last < start:
            return -1
        if self._expression is not None:
            match = self._expression.search(text, start, end)
            return match.start() if match is not None else -1
        if not self.pieces:
            return start
        if len(self.pieces) == 1:
            ((place, piece),) = self.pieces
            found = text.find(piece, start + place, last + place + len(piece))
            return found - place if found >= 0 else -1
        size = 2 * self.length + _NEAR
        while start <= last:
            found = self._first_of_pieces(text, start, min(last, start + size))
            if found >= 0:
                return found
            start += size + 1
            size *= 2
        return -1

    def _first_of_pieces(self, text: str, start: int, last: int) -> int:
        """The same for several pieces: the places of each as the bits of a number, and what all of them have."""
        known: dict[str, int] = {}
        left = (1 << (last - start + 1)) - 1
        for place, piece in self.pieces:
            bits = known.get(piece)
            if bits is None:
                if len(known) > _KNOWN:
                    known.clear()
                bits = known[piece] = places_of(piece, text, start, last + self.length)
            left &= bits >> place
            if not left:
                return -1
        return start + (left & -left).bit_length() - 1


def places_of(piece: str, text: str, start: int, end: int) -> int:
    """The places of a piece in a part of a text, as the bits of a number."""
    bits = bytearray((end - start) // 8 + 1)
    place = text.find(piece, start, end)
    while place >= 0:
        bits[(place - start) >> 3] |= 1 << ((place - start) & 7)
        place = text.find(piece, place + 1, end)
    return int.from_bytes(bits, "little")


class LikePattern:
    """A pattern with `_`, from the texts of its parts."""

    __slots__ = ("_first", "_last", "_least", "_middle", "_whole")

    def __init__(self, texts: list[str]) -> None:
        parts = [LikePart(text) for text in texts]
        self._whole = len(parts) == 1
        self._first, self._last = parts[0], parts[-1]
        self._middle = [part for part in parts[1:-1] if part.length]
        self._least = self._first.length + (0 if self._whole else self._last.length)

    def matches(self, text: str) -> bool:
        """Whether the whole text is as the pattern says."""
        size = len(text)
        if size < self._least or (self._whole and size != self._least):
            return False
        place, end = self._first.length, size - self._last.length
        if not self._first.is_at(text, 0) or not (self._whole or self._last.is_at(text, end)):
            return False
        for part in self._middle:
            found = part.first_in(text, place, end)
            if found < 0:
                return False
            place = found + part.length
        return True


def parts_of(pattern: str) -> list[str]:
    """The parts of a pattern between its `%`, with `ANY` for each `_`. Raises XanoScriptError."""
    if "\\" not in pattern:
        return pattern.replace("_", ANY).split("%")
    parts: list[list[str]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            parts.append([])
            continue
        if character == "\\":
            character = next(characters, "")
            if not character:
                raise XanoScriptError("SQL Error: LIKE pattern must not end with escape character")
            parts[-1].append(character)
        else:
            parts[-1].append(ANY if character == "_" else character)
    return ["".join(part) for part in parts]


@lru_cache(512)
def like_matcher(pattern: str, escapes: bool = True) -> Callable[[str], bool]:
    """What tells whether a text is as a pattern says. Raises XanoScriptError for one that ends with a backslash.

    `escapes`: a backslash takes the next character as it is, as in SQL; it is a character like others without.
    """
    parts = parts_of(pattern) if escapes else pattern.replace("_", ANY).split("%")
    first, last = parts[0], parts[-1]
    middle = [part for part in parts[1:-1] if part]
    if any(ANY in part for part in parts):
        alone = len(middle) == 1 and not (first or last)
        return LikePart(middle[0]).is_in if alone else LikePattern(parts).matches
    if len(parts) == 1:
        return first.__eq__
    if not middle and not (first and last):
        return (lambda text: text.endswith(last)) if last else (lambda text: text.startswith(first))
    if len(middle) == 1 and not (first or last):
        return lambda text: middle[0] in text
    return lambda text: has_in_order(text, first, middle, last)


def has_in_order(text: str, first: str, middle: list[str], last: str) -> bool:
    """Whether a text begins and ends so and has others between, one after the other."""
    place, end = len(first), len(text) - len(last)
    if end < place or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
