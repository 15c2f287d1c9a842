"""What a lexer does in every mode: it appends tokens, passes over blanks and comments, and matches brackets."""

from __future__ import annotations

import re
from collections.abc import Callable

from xsrun.language.token_classes import BODY, CLOSING_TOKENS, LIST, OBJECT, OPENERS, PAREN, PARTNERS
from xsrun.syntax import syntax_messages
from xsrun.syntax.source import Source
from xsrun.syntax.tables import patterns
from xsrun.syntax.tokens import Comment, Token

#: Brackets inside one another: more than any program needs, fewer than Python's recursion takes.
MOST_NESTED = 200

# Modes inside a body.
START, HEAD, VALUE = "start", "head", "value"


def terminal(name: str) -> Callable[[str, int], re.Match[str] | None]:
    """What matches a terminal of the grammar in a text, from an offset on."""
    return re.compile(patterns()[name], re.ASCII).match


BLANKS = terminal("BLANKS")
_NEWLINE = terminal("_NEWLINE")
#: Tokens after which a newline separates nothing.
_BEFORE_ITEMS = OPENERS | {"_NEWLINE", "_DOCUMENT_SEPARATOR"}


class TokenReader:
    """A text, how far it was read, and what was found: tokens in `items`, comments in `comments`.

    `notes` gathers warnings as (code, line, column, length) for the checker to word.
    """

    def __init__(self, source: Source, context: str = BODY, start: int = 0, end: int | None = None) -> None:
        self.source = source
        self.text = source.text if end is None else source.text[:end]
        self.has_no_break_spaces = "\u00a0" in self.text
        self.position = start
        self.line, column = source.position(start) if start else (1, 1)
        self.line_start = start - column + 1
        self.items: list[Token] = []
        self.contexts: list[str] = [context]
        self.openers: list[Token] = []
        self.modes: list[str] = [START]
        self.previous = ""
        self.comments: list[Comment] = []
        self.notes: list[tuple[str, int, int, int]] = []

    def emit(self, type: str, end: int, value: str | None = None) -> Token:
        """Append the token that reaches to the offset `end`."""
        start, line = self.position, self.line
        raw = self.text[start:end]
        column = start - self.line_start + 1
        if "\n" in raw:
            self.line += raw.count("\n")
            self.line_start = start + raw.rfind("\n") + 1
        end_column = end - self.line_start + 1
        token = Token(type, raw if value is None else value, start, line, column, self.line, end_column, end)
        self.items.append(token)
        self.previous = type
        self.position = end
        return token

    def read_blanks(self) -> None:
        match = BLANKS(self.text, self.position)
        assert match
        if self.has_no_break_spaces and "\u00a0" in match.group():
            self.notes.append(("no-break-space", self.line, self.position - self.line_start + 1, 1))
        self.position = match.end()

    # Newlines and comments -----------------------------------------------------------------------------------------

    def read_newlines(self) -> None:
        """Read a run of line ends, blank lines and comments; leave one NEWLINE token if it separates anything."""
        match = _NEWLINE(self.text, self.position)
        assert match
        start, run = self.position, match.group()
        first = (self.line, start - self.line_start + 1)
        own_line = not self.text[self.line_start : start].strip()
        for part in run.split("\n"):
            slashes = part.find("//")
            if slashes >= 0:
                column = slashes + 1 + (first[1] - 1 if self.line == first[0] else 0)
                self.comments.append(Comment(part[slashes + 2 :].rstrip("\r"), self.line, column, own_line))
            own_line = True
            self.line += 1
        self.line -= 1
        self.position = start + len(run)
        if self.line > first[0]:
            self.line_start = start + run.rfind("\n") + 1
            self.separate(start, first)

    def separate(self, start: int, first: tuple[int, int]) -> None:
        """Decide whether the line end at `first` separates two items here."""
        text, position, context = self.text, self.position, self.contexts[-1]
        if context == PAREN or self.previous in _BEFORE_ITEMS or not self.items:
            return
        following = text[position : position + 2]
        if context in (OBJECT, LIST):
            if self.previous == "COMMA" or following[:1] in (",", "]", "}", ""):
                return
        elif following[:1] in ("}", ""):
            return
        if following[:1] == "|" and following != "||":
            return
        if following in ("||", "&&"):
            self.notes.append(("operator-continues-line", self.line, position - self.line_start + 1, 2))
            return
        line, column = first
        self.items.append(Token("_NEWLINE", "\n", start, line, column, line, column + 1, start + 1))
        self.previous = "_NEWLINE"
        self.modes[-1] = START

    # Brackets ------------------------------------------------------------------------------------------------------

    def open(self, type: str, context: str) -> None:
        token = self.emit(type, self.position + 1)
        self.openers.append(token)
        self.contexts.append(context)
        self.modes.append(START)
        if len(self.contexts) > MOST_NESTED:
            raise syntax_messages.nested_too_deeply(self.source, token, MOST_NESTED)

    def close(self, character: str) -> None:
        if not self.openers or PARTNERS[self.openers[-1].value] != character:
            raise syntax_messages.unmatched(self.source, self.openers, self.items, self.position)
        if self.previous == "_NEWLINE":
            self.items.pop()
        self.openers.pop()
        self.contexts.pop()
        self.modes.pop()
        self.emit(CLOSING_TOKENS[character], self.position + 1)
        if self.contexts[-1] == BODY and self.modes[-1] == START:
            self.modes[-1] = HEAD
