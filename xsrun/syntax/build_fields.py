"""The actions of the grammar for declared fields, and how all actions report a problem."""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.record import Fix
from xsrun.hints import Any
from xsrun.syntax.literals import (
    filter_arguments,
    list_size,
    raw_value,
    split_filters,
    text_value,
)
from xsrun.syntax.nodes import (
    Body,
    Expression,
    Field,
    FieldBlock,
    FieldFilter,
    Literal,
    Located,
    Now,
    Word,
)
from xsrun.syntax.problems import line_break, problem
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Token

Children = list[Any]


class FieldBuilder:
    """Makes the nodes of fields."""

    def __init__(self) -> None:
        self.source = Source("")
        self.problems: list[Diagnostic] = []

    def report(self, code: str, message: str, hint: str | None, node: Located, fix: list[Fix] | None = None) -> None:
        start, end = (node.line, node.column), (node.end_line, node.end_column)
        self.problems.append(problem(self.source, code, message, hint, start, end, fix))

    def field_block(self, children: Children) -> FieldBlock:
        declared = next((child for child in children if child.__class__ is list), [])
        return FieldBlock(children[0].value, declared).at(children[0], children[-1])

    def field(self, children: Children) -> Field:
        kind = children[0]
        node = Field(kind.value, "", None, False, False, None, [], None, kind.end_column)
        for part in children[1:]:
            if part.__class__ is not Token:
                self.field_value(node, part)
            elif part.type in ("NAME", "STRING") and node.name:
                hint, fix = f"start a new line before `{part.value}`", line_break(self.source, part)
                self.report("XS122", "each field must be on a line of its own", hint, part, fix)
                break
            else:
                self.field_token(node, part)
        return node.at(kind, children[-1])

    def field_value(self, node: Field, part: Body | Expression) -> None:
        is_body = isinstance(part, Body)
        if (node.body if is_body else node.default) is not None:
            self.report("XS142", f"a field has one {'block' if is_body else 'default'}", "delete one of the two", part)
        if isinstance(part, Body):
            node.body = part
        else:
            node.default = part

    def field_token(self, node: Field, part: Token) -> None:
        if part.type in ("NAME", "STRING"):
            node.name = part.value if part.type == "NAME" else text_value(part.value)
            node.name_column = part.column
        elif part.type == "QUESTION":
            node.nullable, node.optional = (node.nullable, True) if node.name else (True, node.optional)
        elif part.type == "SIZE":
            if node.list_size is not None:
                self.report("XS123", "there are no lists of lists", "declare the field as json", part)
            node.list_size = self.list_size(part)
        elif part.type == "DEFAULT":
            node.optional = node.optional or part.value == "?="
        elif part.type == "FILTERS":
            node.filters += self.field_filters(part)

    def list_size(self, token: Token) -> tuple[int | None, int | None]:
        """The bounds of a list. A number beyond 64 bits is none that a list can have."""
        sizes = list_size(token.value)
        if any(size is not None and size >= 2**63 for size in sizes):
            self.report("XS141", "no list can have so many elements", "write a smaller number, or none", token)
        return sizes

    def field_filters(self, token: Token) -> list[FieldFilter]:
        """Split the raw run after `filters=`. A bar inside brackets or quotes belongs to an argument."""
        found, first = [], token.end_column - len(token.value)
        for start, piece in split_filters(token.value):
            disabled = piece.startswith("!")
            name, _, rest = piece.lstrip("! ").partition(":")
            arguments = filter_arguments(name.strip(), rest) if _ else []
            node = FieldFilter(name.strip(), arguments, disabled)
            node.line = node.end_line = token.line
            node.column = first + start
            node.end_column = node.column + len(piece)
            found.append(node)
        return found

    def raw_default(self, children: Children) -> Expression:
        token = children[0]
        value = raw_value(token.value)
        node: Expression = Now() if value == "now" else Word(value) if isinstance(value, str) else Literal(value)
        return node.at(token, token)
