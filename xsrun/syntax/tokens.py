"""The tokens of a source text, as the lexer leaves them and the grammar names them."""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic

#: The name of a statement, and the text of a value, that stands where a syntax error was cut out (see `recovery`).
HOLE = "\ufffc"


class Token:
    """One token: its terminal (`type`), its `value`, and where it stands (see `nodes` for how positions count).

    The names of the fields are those Lark reads. `value` is the text as written, or what the lexer made of it (a
    filter's name without the `|`, a member's name without the dot).
    """

    __slots__ = ("column", "end_column", "end_line", "end_pos", "line", "start_pos", "type", "value")

    def __init__(
        self,
        type: str,
        value: str,
        start_pos: int,
        line: int,
        column: int,
        end_line: int,
        end_column: int,
        end_pos: int,
    ) -> None:
        self.type = type
        self.value = value
        self.start_pos = start_pos
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.end_pos = end_pos

    @classmethod
    def absent(cls, type: str, value: str, offset: int, line: int, column: int) -> Token:
        """A token that the text does not hold, at a place where it should stand."""
        return cls(type, value, offset, line, column, line, column, offset)

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.value!r}, {self.line}:{self.column})"


class Comment:
    """A comment: its text without the slashes, and where it stands."""

    __slots__ = ("column", "line", "own_line", "text")

    def __init__(self, text: str, line: int, column: int, own_line: bool) -> None:
        self.text, self.line, self.column, self.own_line = text, line, column, own_line


class LexicalError(Exception):
    """A text that has no tokens: a quote or bracket without its partner, a character nothing begins with."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
