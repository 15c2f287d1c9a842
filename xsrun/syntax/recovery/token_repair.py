"""Cutting the piece that does not fit out of a list of tokens.

The parser stops at the first token that fits nowhere. What is cut out depends on where that token stands: in the head
of a statement, in an attribute's value, in an entry of an object, ... The rest stays, so that its mistakes are found
too. When a cut did not help, the next one is made one bracket further out.
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.language.token_classes import (
    BLOCK_OPENERS,
    BODY,
    CLOSERS,
    CONTENTS,
    FIELDS,
    ITEM_STARTS,
    LIST,
    OBJECT,
    OPENERS,
    PAREN,
    SEPARATORS,
    VALUE_ENDS,
)
from xsrun.syntax.nesting import find, item_begin, item_end, opener_before
from xsrun.syntax.tokens import HOLE, Token

_STARTS = {"document": BODY, "fields": FIELDS, "expression": PAREN}


class TokenRepair:
    """A list of tokens, and the cuts made in it."""

    def __init__(self, tokens: list[Token], start: str) -> None:
        self.tokens = tokens
        self.start = start
        #: how far the parser came before the last cut, and how far out that cut was made
        self.reached = -1
        self.level = 0
        self.made: set[int] = set()

    def made_here(self, index: int) -> bool:
        """Whether the parser stumbles over a hole, or did not come further: the mistake was reported already."""
        if index < len(self.tokens) and id(self.tokens[index]) in self.made:
            return True
        return self.offset(index) <= self.reached

    def offset(self, index: int) -> int:
        return (
            self.tokens[index].start_pos
            if index < len(self.tokens)
            else (self.tokens[-1].end_pos if self.tokens else 0)
        )

    def cut(self, index: int, expected: Iterable[str]) -> bool:
        """Cut out what does not fit at a token. False when nothing is left to cut."""
        reached = self.offset(index)
        self.level = self.level + 1 if reached <= self.reached else 0
        self.reached = max(self.reached, reached)
        openers = self.open_brackets(index)
        if self.level > len(openers):
            return False
        place = index
        if self.level:
            place = openers[-self.level]
            openers = openers[: -self.level]
        context = CONTENTS[self.tokens[openers[-1]].type] if openers else _STARTS[self.start]
        begin = item_begin(self.tokens, place, SEPARATORS[context])
        end = item_end(self.tokens, place, SEPARATORS[context])
        before = len(self.tokens)
        same = self.tokens[:]
        if context == BODY:
            self.repair_body(place, begin, end, frozenset(expected))
        elif context == FIELDS:
            self.repair_fields(place, begin, end)
        elif context == OBJECT:
            self.repair_object(place, begin, end)
        elif context == LIST:
            self.repair_list(place, begin, end)
        else:
            self.put(begin, end, [self.hole(place)])
        return len(self.tokens) != before or any(a is not b for a, b in zip(same, self.tokens, strict=True))

    # The list ------------------------------------------------------------------------------------------------------

    def open_brackets(self, index: int) -> list[int]:
        """The places of the brackets that are open before a token, outermost first."""
        found: list[int] = []
        while (opener := opener_before(self.tokens, found[0] if found else index)) is not None:
            found.insert(0, opener)
        return found

    def put(self, begin: int, end: int, tokens: list[Token]) -> None:
        self.tokens[begin:end] = tokens

    def made_token(self, kind: str, value: str, near: int) -> Token:
        """A token that the text does not hold, at the place of one that it does."""
        if near < len(self.tokens):
            at = self.tokens[near]
            place = (at.start_pos, at.line, at.column, at.line, at.column + 1, at.start_pos)
        elif self.tokens:
            at = self.tokens[-1]
            place = (at.end_pos, at.end_line, at.end_column, at.end_line, at.end_column + 1, at.end_pos)
        else:
            place = (0, 1, 1, 1, 2, 0)
        token = Token(kind, value, *place)
        self.made.add(id(token))
        return token

    def hole(self, near: int, kind: str = "PLACEHOLDER") -> Token:
        return self.made_token(kind, HOLE, near)

    def kind(self, index: int) -> str:
        return self.tokens[index].type if 0 <= index < len(self.tokens) else ""

    # Bodies --------------------------------------------------------------------------------------------------------

    def repair_body(self, index: int, begin: int, end: int, expected: frozenset[str]) -> None:
        if begin == end:
            self.put(index, index + 1, [])
            return
        if self.kind(index - 1) == "COMMA" and index == end:
            self.put(index - 1, index, [])
            return
        block = find(self.tokens, BLOCK_OPENERS, begin, end)
        if block is not None and index <= block:
            self.repair_head(index, begin, block, expected)
        elif block is not None and self.repair_after_block(index, item_end(self.tokens, block + 1, ()), end):
            return
        elif self.kind(index - 1) == "AS":
            self.put(index - 1, end, [])
        elif (assign := self.last_assign(begin, index)) is not None:
            comma = find(self.tokens, ("COMMA",), index, end)
            self.put(assign + 1, comma if comma is not None else end, [self.hole(assign + 1)])
        else:
            self.put(begin, end, [self.hole(begin, "NAME")])

    def last_assign(self, begin: int, index: int) -> int | None:
        """The `=` of the attribute that a token belongs to, when that attribute has a name before it."""
        depth = 0
        for place in range(index - 1, begin, -1):
            kind = self.tokens[place].type
            if depth == 0 and kind == "ASSIGN" and self.kind(place - 1) in ("NAME", "STRING"):
                return place if place - 1 == begin or self.kind(place - 2) in ("COMMA", "BANG") else None
            depth += (kind in CLOSERS) - (kind in OPENERS)
        return None

    def repair_head(self, index: int, begin: int, block: int, expected: frozenset[str]) -> None:
        """The head of a block: keep what was right of it, at least its name."""
        first = self.tokens[begin]
        if first.value == "else" and self.kind(begin + 1) == "IF":
            self.put(begin, begin + 2, [self.renamed(begin, "elseif")])
        elif index > begin and index < block and self.tokens[block].type in expected:
            self.put(index, block, [])
        elif first.type in ("NAME", "FIELDS") and block > begin + 1:
            self.put(begin + 1, block, [])
        elif first.type == "FIELDS":
            self.put(begin, item_end(self.tokens, block + 1, ()) + 1, [self.hole(begin, "NAME")])
        else:
            self.put(begin, block, [self.hole(begin, "NAME")])

    def renamed(self, index: int, name: str) -> Token:
        at = self.tokens[index]
        return Token("NAME", name, at.start_pos, at.line, at.column, at.line, at.column + len(name), at.end_pos)

    def repair_after_block(self, index: int, closing: int, end: int) -> bool:
        """What follows the closing brace: a second statement on the line gets a line of its own."""
        if index <= closing:
            return False
        if self.kind(index - 1) == "AS":
            self.put(index - 1, end, [])
        elif self.kind(index) in ("NAME", "HEAD_NAME", "FIELDS") and self.kind(index - 1) != "_NEWLINE":
            following = index + 1
            name = self.tokens[index].value
            while self.kind(following) == "MEMBER":
                name += "." + self.tokens[following].value
                following += 1
            newline = self.made_token("_NEWLINE", "\n", index)
            self.put(index, following, [newline, self.renamed(index, name)])
        else:
            self.put(index, end, [])
        return True

    # Fields, objects, lists ----------------------------------------------------------------------------------------

    def repair_fields(self, index: int, begin: int, end: int) -> None:
        block = find(self.tokens, BLOCK_OPENERS, begin, end)
        if begin == end:
            self.put(index, index + 1, [])
        elif self.kind(index) == "COMMA" and begin < index:
            newline = [self.made_token("_NEWLINE", "\n", index)] if index + 1 < end else []
            self.put(index, index + 1, newline)
        elif block is not None and index <= block:
            self.put(begin, block, [self.hole(begin, "NAME")])
        else:
            self.put(begin, end, [self.hole(begin, "NAME")])

    def repair_object(self, index: int, begin: int, end: int) -> None:
        if begin == end:
            self.put(index, index + 1, [])
        elif self.kind(begin) in ("NAME", "STRING") and self.kind(begin + 1) == "ASSIGN":
            key, sign = self.tokens[begin], self.tokens[begin + 1]
            self.put(begin, begin + 2, [self.changed(key, "KEY"), self.changed(sign, "_COLON")])
        elif self.begins_entry(index) and index > begin and self.kind(index - 1) in VALUE_ENDS:
            comma = self.made_token("COMMA", ",", index)
            self.put(index, index + 1, [comma, self.changed(self.tokens[index], "KEY")])
        else:
            colon = find(self.tokens, ("_COLON",), begin, min(index, end))
            if colon is not None and self.kind(colon - 1) == "KEY":
                self.put(colon + 1, end, [self.hole(colon + 1)])
            else:
                hole = [self.hole(begin, "KEY"), self.made_token("_COLON", ":", begin), self.hole(begin)]
                self.put(begin, end, hole)

    def begins_entry(self, index: int) -> bool:
        return self.kind(index) in ("NAME", "STRING", "KEY") and self.kind(index + 1) == "_COLON"

    def changed(self, token: Token, kind: str) -> Token:
        return Token(
            kind,
            token.value,
            token.start_pos,
            token.line,
            token.column,
            token.end_line,
            token.end_column,
            token.end_pos,
        )

    def repair_list(self, index: int, begin: int, end: int) -> None:
        if begin == end:
            self.put(index, index + 1, [])
        elif index > begin and self.kind(index) in ITEM_STARTS and self.kind(index - 1) in VALUE_ENDS:
            self.put(index, index, [self.made_token("COMMA", ",", index)])
        else:
            self.put(begin, end, [self.hole(begin)])
