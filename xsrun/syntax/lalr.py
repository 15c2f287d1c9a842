"""Tokens to tree: Lark's LALR parser with this project's lexer and actions.

Importing this module imports Lark, which takes time, and reads the grammar's tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xsrun.language.token_classes import BODY, FIELDS, PAREN
from xsrun.syntax import tables
from xsrun.syntax.build import Builder
from xsrun.syntax.lexer import Lexer
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.parsed import Start
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token
from xsrun.syntax.unexpected import unexpected

#: How the lexer begins to read what a text may be.
CONTEXTS = {"document": BODY, "fields": FIELDS, "expression": PAREN}


class Lalr:
    """The parser of texts without mistakes; `recovery` repairs the others until they are."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.builder.parse_region = self.parse_region
        self.lark = tables.load(self.builder)

    def begin(self, source: Source) -> None:
        """Forget what was noted of the text before."""
        self.builder.source, self.builder.problems, self.builder.notes = source, [], []

    def parse(self, tokens: list[Token], start: Start) -> Document | Expression:
        """The tree of tokens. Raises LexicalError at the first that fits nowhere."""
        met, expected, tree = self.attempt(tokens, start)
        if tree is not None:
            return tree
        index = next((i for i, token in enumerate(tokens) if token is met), len(tokens))
        raise LexicalError(unexpected(self.builder.source, tokens, index, expected))

    def attempt(
        self, tokens: list[Token], start: Start
    ) -> tuple[Token | None, Iterable[str], Document | Expression | None]:
        """Parse tokens: the one that fits nowhere (None when all fit), what would fit there, and the tree."""
        try:
            tree: Any = self.lark.parse(tokens, start=start)  # what the builder makes, in place of Lark's own trees
            return None, (), tree
        except tables.UnexpectedToken as error:
            met: Any = error.token  # one of our own
            return met, error.accepts or error.expected, None

    def parse_region(self, start: int, end: int) -> Expression:
        """Parse the expression between two offsets of the text at hand: the inside of backticks."""
        tokens = Lexer(self.builder.source, PAREN, start, end).tokens()
        expression = self.parse(tokens, "expression")
        assert isinstance(expression, Expression)
        return expression
