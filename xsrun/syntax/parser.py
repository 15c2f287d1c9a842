"""Text to tree. What makes one is imported when the first text comes: a program kept from an earlier run needs none."""

from __future__ import annotations

import threading

from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptSyntaxError
from xsrun.hints import Literal, overload
from xsrun.syntax import syntax_messages
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.parsed import Parsed, Start, Tree
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError


class Parser:
    """Reads one text at a time. Use `parser()`: one instance serves the process."""

    def __init__(self) -> None:
        from xsrun.syntax.lalr import Lalr

        self.lock = threading.RLock()
        self.lalr = Lalr()

    @overload
    def parse(self, source: Source, start: Literal["expression"], *, recover: bool = True) -> Parsed[Expression]: ...

    @overload
    def parse(
        self, source: Source, start: Literal["document", "fields"], *, recover: bool = True
    ) -> Parsed[Document]: ...

    def parse(self, source: Source, start: Start, *, recover: bool = True) -> Parsed[Document | Expression]:
        """Parse a text. Its problems are in `diagnostics`; after an error `tree` has holes (`recovery`) or is None.

        Who asks only whether a text can be read goes without `recover`: then there is one error at most, and no tree.
        """
        from xsrun.syntax.lalr import CONTEXTS
        from xsrun.syntax.lexer import Lexer

        parsed: Parsed[Document | Expression] = Parsed(source)
        if start == "document" and (unreadable := syntax_messages.unreadable(source)) is not None:
            parsed.diagnostics = [unreadable]
            return parsed
        if "\r" in source.text and (returns := syntax_messages.lone_returns(source)) is not None:
            parsed.diagnostics = [returns]
            return parsed
        with self.lock:
            self.lalr.begin(source)
            lexer = Lexer(source, CONTEXTS[start])
            try:
                parsed.tree = self.lalr.parse(lexer.tokens(), start)
            except LexicalError as error:
                if not recover:
                    parsed.diagnostics = [error.diagnostic]
                    return parsed
                from xsrun.syntax.recovery import recovering_lexer

                recovering_lexer.parse(self.lalr, parsed, start, CONTEXTS[start])
                return parsed
            parsed.comments = lexer.comments
            parsed.diagnostics = self.lalr.builder.problems
            parsed.notes = lexer.notes + self.lalr.builder.notes
        return parsed


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
