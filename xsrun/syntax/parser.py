"""Text to tree. The tables of the grammar are kept between runs, since building them takes longer than parsing."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptSyntaxError
from xsrun.syntax import mistakes
from xsrun.syntax.lexer import BODY, FIELDS, PAREN, Comment, Lexer
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

if TYPE_CHECKING:
    from xsrun.syntax.build import Builder

Start = Literal["document", "fields", "expression"]
_CONTEXTS = {"document": BODY, "fields": FIELDS, "expression": PAREN}


class Parsed:
    """A text and what was found in it: its tree, its comments, its problems, and notes for the checker."""

    __slots__ = ("comments", "diagnostics", "notes", "source", "tree")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree: Any = None
        self.comments: list[Comment] = []
        self.diagnostics: list[Diagnostic] = []
        self.notes: list[tuple[str, int, int, int]] = []


class Parser:
    """Lark's LALR parser with this project's lexer and actions. Use `parser()`: one instance serves the process."""

    def __init__(self) -> None:
        from xsrun.syntax import tables
        from xsrun.syntax.build import Builder

        self.lock = threading.RLock()
        self.builder: Builder = Builder()
        self.builder.parse_region = self.parse_region
        self.lark = tables.load(self.builder)

    def parse(self, source: Source, start: Start) -> Parsed:
        """Parse a text. Its problems are in `diagnostics`; after an error `tree` has holes (`recovery`) or is None."""
        parsed = Parsed(source)
        if start == "document" and (unreadable := mistakes.unreadable(source)) is not None:
            parsed.diagnostics = [unreadable]
            return parsed
        if "\r" in source.text and (returns := mistakes.lone_returns(source)) is not None:
            parsed.diagnostics = [returns]
            return parsed
        with self.lock:
            builder = self.builder
            builder.source, builder.problems, builder.notes = source, [], []
            lexer = Lexer(source, _CONTEXTS[start])
            try:
                parsed.tree = self.run(lexer.tokens(), start, source)
            except LexicalError:
                from xsrun.syntax import recovery

                recovery.parse(self, parsed, start, _CONTEXTS[start])
                return parsed
            parsed.comments = lexer.comments
            parsed.diagnostics = builder.problems
            parsed.notes = lexer.notes + builder.notes
        return parsed

    def run(self, tokens: list[Token], start: Start, source: Source) -> Any:
        met, expected, tree = self.attempt(tokens, start)
        if met is None:
            return tree
        index = next((i for i, token in enumerate(tokens) if token is met), len(tokens))
        raise LexicalError(mistakes.unexpected(source, tokens, index, expected))

    def attempt(self, tokens: list[Token], start: str) -> tuple[Any, Iterable[str], Any]:
        """Parse tokens: the one that fits nowhere (None when all fit), what would fit there, and the tree."""
        from lark.exceptions import UnexpectedToken

        try:
            return None, (), self.lark.parse(tokens, start=start)
        except UnexpectedToken as error:
            return error.token, error.accepts or error.expected, None

    def parse_region(self, start: int, end: int) -> Expression:
        """Parse the expression between two offsets of the text at hand: the inside of backticks."""
        source = self.builder.source
        tokens = Lexer(source, PAREN, start, end).tokens()
        return self.run(tokens, "expression", source)


_parser: Parser | None = None
_parser_lock = threading.Lock()


def parser() -> Parser:
    """The process's parser, made at first use."""
    global _parser
    with _parser_lock:
        if _parser is None:
            _parser = Parser()
        return _parser


def parse(text: str, filename: str = "<text>", start: Start = "document") -> Document:
    """The tree of a text. Raises XanoScriptSyntaxError with every problem found."""
    parsed = parser().parse(Source(text, filename), start)
    raise_problems(parsed)
    return parsed.tree


def raise_problems(parsed: Parsed) -> None:
    """Raise the problems of a parse, the first one as the message."""
    errors = [diagnostic for diagnostic in parsed.diagnostics if diagnostic.severity == "error"]
    if errors:
        first = min(errors, key=Diagnostic.sort_key)
        raise XanoScriptSyntaxError(
            first.message,
            parsed.diagnostics,
            hint=first.hint,
            file=first.file,
            line=first.line,
            column=first.column,
        )
