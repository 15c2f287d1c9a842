"""The record of what is wrong at a place of a source text, and the words that messages are made of."""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.record import Fix
from xsrun.syntax.nodes import Located
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

#: The message and hint for template code in the middle of a program.
TEMPLATE = (
    "template code stands in the middle of the program",
    "render the template first; only texts may hold {{ ... }} and {% ... %}",
)


def problem(
    source: Source,
    code: str,
    message: str,
    hint: str | None,
    start: tuple[int, int],
    end: tuple[int, int] | None = None,
    fix: list[Fix] | None = None,
) -> Diagnostic:
    """An error at a line and column, both from 1."""
    stop = end or (start[0], start[1] + 1)
    return Diagnostic("error", code, message, hint, source.filename, *start, *stop, fix=fix)


def at(
    source: Source,
    code: str,
    message: str,
    hint: str | None,
    offset: int,
    length: int = 1,
    fix: list[Fix] | None = None,
) -> LexicalError:
    """What ends the reading at an offset."""
    line, column = source.position(offset)
    return LexicalError(problem(source, code, message, hint, (line, column), (line, column + length), fix))


def at_token(
    source: Source, code: str, message: str, hint: str | None, token: Located, fix: list[Fix] | None = None
) -> LexicalError:
    """What ends the reading at a token or node."""
    start, end = (token.line, token.column), (token.end_line, token.end_column)
    return LexicalError(problem(source, code, message, hint, start, end, fix))


def line_break(source: Source, token: Token) -> list[Fix]:
    """The edit that puts a token on a line of its own, indented like the line it stands on."""
    line = source.line(token.line)
    margin = line[: len(line) - len(line.lstrip())]
    start = token.start_pos
    while source.text[start - 1 : start] in (" ", "\t", ","):
        start -= 1
    return [(start, token.start_pos, "\n" + margin)]


def spelling(source: Source, token: Token) -> str:
    """A token as it is written; what the text does not hold, by its value."""
    return source.text[token.start_pos : token.end_pos] or token.value


def shorten(text: str) -> str:
    """The first line of a text, cut to what a message can hold."""
    line = text.split("\n", 1)[0]
    return line if len(line) <= 30 else line[:27] + "..."
