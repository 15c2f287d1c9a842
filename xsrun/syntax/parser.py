"""Text to tree. The tables of the grammar are kept between runs, since building them takes longer than parsing."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptSyntaxError
from xsrun.language.token_classes import BODY, FIELDS, PAREN
from xsrun.syntax import syntax_messages
from xsrun.syntax.lexer import Comment, Lexer
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

if TYPE_CHECKING:
    from xsrun.syntax.build import Builder

Start = Literal["document", "fields", "expression"]
_CONTEXTS = {"document": BODY, "fields": FIELDS, "expression": PAREN}


#: What a text is parsed to: an expression, or a list of constructs, statements or fields.
Tree = TypeVar("Tree", bound=Document | Expression, covariant=True)


class Parsed(Generic[Tree]):
    """A text and what was found in it: its tree, its comments, its problems, and notes for the checker."""

    __slots__ = ("comments", "diagnostics", "notes", "source", "tree")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree: Tree | None = None
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

    @overload
    def parse(self, source: Source, start: Literal["expression"]) -> Parsed[Expression]: ...

    @overload
    def parse(self, source: Source, start: Literal["document", "fields"]) -> Parsed[Document]: ...

    def parse(self, source: Source, start: Start) -> Parsed[Document | Expression]:
        """Parse a text. Its problems are in `diagnostics`; after an error `tree` has holes (`recovery`) or is None."""
        parsed: Parsed[Document | Expression] = Parsed(source)
        if start == "document" and (unreadable := syntax_messages.unreadable(source)) is not None:
            parsed.diagnostics = [unreadable]
            return parsed
        if "\r" in source.text and (returns := syntax_messages.lone_returns(source)) is not None:
            parsed.diagnostics = [returns]
            return parsed
        with self.lock:
            builder = self.builder
            builder.source, builder.problems, builder.notes = source, [], []
            lexer = Lexer(source, _CONTEXTS[start])
            try:
                parsed.tree = self.run(lexer.tokens(), start, source)
            except LexicalError:
                from xsrun.syntax.recovery import recovering_lexer

                recovering_lexer.parse(self, parsed, start, _CONTEXTS[start])
                return parsed
            parsed.comments = lexer.comments
            parsed.diagnostics = builder.problems
            parsed.notes = lexer.notes + builder.notes
        return parsed

    def run(self, tokens: list[Token], start: Start, source: Source) -> Document | Expression:
        met, expected, tree = self.attempt(tokens, start)
        if tree is not None:
            return tree
        index = next((i for i, token in enumerate(tokens) if token is met), len(tokens))
        raise LexicalError(syntax_messages.unexpected(source, tokens, index, expected))

    def attempt(
        self, tokens: list[Token], start: Start
    ) -> tuple[Token | None, Iterable[str], Document | Expression | None]:
        """Parse tokens: the one that fits nowhere (None when all fit), what would fit there, and the tree."""
        from lark.exceptions import UnexpectedToken

        try:
            tree: Any = self.lark.parse(tokens, start=start)  # what the builder makes, in place of Lark's own trees
            return None, (), tree
        except UnexpectedToken as error:
            met: Any = error.token  # one of our own
            return met, error.accepts or error.expected, None

    def parse_region(self, start: int, end: int) -> Expression:
        """Parse the expression between two offsets of the text at hand: the inside of backticks."""
        source = self.builder.source
        tokens = Lexer(source, PAREN, start, end).tokens()
        expression = self.run(tokens, "expression", source)
        assert isinstance(expression, Expression)
        return expression


_parser: Parser | None = None
_parser_lock = threading.Lock()


def parser() -> Parser:
    """The process's parser, made at first use."""
    global _parser
    with _parser_lock:
        if _parser is None:
            _parser = Parser()
        return _parser


def parse(text: str, filename: str = "<text>", start: Literal["document", "fields"] = "document") -> Document:
    """The tree of a text. Raises XanoScriptSyntaxError with every problem found."""
    parsed = parser().parse(Source(text, filename), start)
    return raise_problems(parsed)


def raise_problems(parsed: Parsed[Tree]) -> Tree:
    """The tree of a parse; raises its problems, the first one as the message."""
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
    assert parsed.tree is not None
    return parsed.tree
