"""What a parse gives: the tree, and what was noticed on the way."""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic
from xsrun.hints import Generic, Literal, TypeVar
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Comment

#: What a text may be.
Start = Literal["document", "fields", "expression"]
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
