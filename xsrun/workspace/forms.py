"""What a text is that holds a program: constructs, statements, members of one construct, or expressions.

Whoever reads programs reads them here, so that a text means the same to a run, a check and a documentation test.
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun import registry
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import (
    Attribute,
    Body,
    Document,
    Expression,
    FieldBlock,
    Group,
    Item,
    ListLiteral,
    Placeholder,
    Statement,
)
from xsrun.syntax.parsed import Parsed
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source

#: First line, last line, and an expression, or None for statements.
Chunk = tuple[int, int, Expression | None]

#: Members of a construct that may stand in a text without one, around or beside a stack.
MEMBERS = frozenset(("stack", "input", "test"))
#: Attributes of a construct that may stand so.
_ATTRIBUTES = frozenset(("response", "auth", "api_group", "description", "cache", "middleware", "tags"))
#: Namespaces whose statements are written as calls too: `object.keys({a: 1})`.
_CALLED = ("array.", "math.", "object.", "text.")
#: Lines of a text that is looked at for expressions line by line, and lines of one of them.
_LONGEST_TEXT, _LONGEST_CHUNK = 400, 30
#: What the parser says of a line that begins with a value.
_VALUE_ALONE = "XS136"


def read_form(source: Source) -> Parsed[Document]:
    """Parse a text. Expressions, among statements perhaps, are its `response`: one alone, or a list of several."""
    parsed = parser().parse(source, "document")
    if not is_erroneous(parsed):
        values = parsed.tree is not None and any(map(is_value, parsed.tree.items))
        return (_expressions(source, parsed) or parsed) if values else parsed
    return _expressions(source, parsed) or parsed


def is_erroneous(parsed: Parsed[Document | Expression]) -> bool:
    """Does a parsed text have errors?"""
    return any(found.severity == "error" for found in parsed.diagnostics)


def is_value(item: Item) -> bool:
    """Is a statement in truth an expression on a line of its own, `object.keys({a: 1})` or `$total`?"""
    if not isinstance(item, Statement) or not item.name.startswith(("$", *_CALLED)):
        return False
    bare = item.body is None and item.result is None and item.condition is None
    if item.name.startswith("$"):
        return bare and item.target is None
    return bare and isinstance(item.target, Group) and item.target.column == item.name_end_column


def _is_construct(item: Item) -> bool:
    return isinstance(item, Statement) and item.name in KINDS and item.body is not None


def _expressions(source: Source, document: Parsed[Document]) -> Parsed[Document] | None:
    """The text as statements and expressions, if it is that, or the error of the one expression that it means to be."""
    if source.text.startswith("\0") or (document.tree is None and not document.diagnostics):
        return None
    if document.tree is not None and any(map(_is_construct, document.tree.items)):
        return None  # with mistakes in it, as while it is written: what else it may be is not worth the look
    whole = parser().parse(source, "expression", recover=False)
    if not is_erroneous(whole) and whole.tree is not None and not isinstance(whole.tree, Placeholder):
        return _document(document, [], [whole.tree])
    chunks = expressions_in(source)
    if chunks is not None:
        return _document(document, *_taken_apart(source, chunks))
    first = min(document.diagnostics, key=lambda one: (one.line, one.column), default=None)
    alone = first is not None and first.code == _VALUE_ALONE and first.line == _first_line(source)
    if not (alone and whole.diagnostics and source.text.count("\n") < _LONGEST_CHUNK):
        return None
    told: Parsed[Document] = Parsed(source)
    told.diagnostics = parser().parse(source, "expression").diagnostics
    return told


def _first_line(source: Source) -> int:
    lines = source.text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if without_comment(line).strip()), 1)


def _taken_apart(source: Source, chunks: list[Chunk]) -> tuple[list[Item], list[Expression]]:
    """The statements of some chunks, at their places, and the expressions."""
    lines = source.text.split("\n")
    kept = {number for first, last, node in chunks if node is None for number in range(first, last + 1)}
    text = "\n".join(line if number in kept else "" for number, line in enumerate(lines, 1))
    tree = parser().parse(Source(text, source.filename), "document").tree if kept else None
    return list(tree.items) if tree is not None else [], [node for *_, node in chunks if node is not None]


def _document(document: Parsed[Document], items: list[Item], values: list[Expression]) -> Parsed[Document]:
    """A document that responds with one value, or with the list of several."""
    first, last = values[0], values[-1]
    value = first if len(values) == 1 else ListLiteral(values).at(first, last)
    made: Parsed[Document] = Parsed(document.source)
    response = Attribute("response", value, "\n", False).at(first, last)
    made.tree = Document([*items, response]).at(first, last)
    made.comments = document.comments
    return made


def expressions_in(source: Source) -> list[Chunk] | None:
    """The expressions and statements of a text, or None when something else is in it, or no expression."""
    lines = source.text.split("\n")  # not where `splitlines` would, which knows line ends that XanoScript does not
    if sum(map(bool, map(str.strip, lines))) > _LONGEST_TEXT:
        return None
    found: list[Chunk] = []
    start = 0
    while start < len(lines):
        if not without_comment(lines[start]).strip():
            start += 1
            continue
        for end in range(start + 1, min(len(lines), start + _LONGEST_CHUNK) + 1):
            chunk = _chunk(source.filename, lines, start, end)
            if chunk is not None:
                found.append(chunk)
                start = end
                break
        else:
            return None
    return found if any(node is not None for *_, node in found) else None


def _chunk(file: str, lines: list[str], start: int, end: int) -> Chunk | None:
    """Some lines as one expression or as statements, if they are that."""
    source = Source("\n" * start + "\n".join(lines[start:end]), file)
    one = parser().parse(source, "expression", recover=False)
    if one.tree is not None and not is_erroneous(one) and not isinstance(one.tree, Placeholder):
        return start + 1, end, one.tree
    parsed = parser().parse(source, "document", recover=False)
    items = parsed.tree.items if parsed.tree is not None and not is_erroneous(parsed) else []
    statements = bool(items) and all(
        isinstance(item, Statement) and registry.find_statement(item.name) and not is_value(item) for item in items
    )
    return (start + 1, end, None) if statements else None


def without_comment(line: str) -> str:
    """A line without the comment that ends it."""
    position = comment_start(line)
    return line if position < 0 else line[:position]


def comment_start(line: str) -> int:
    """Where the comment of a line begins, outside of texts and addresses; -1 when it has none."""
    quote = ""
    for position, char in enumerate(line):
        if quote:
            quote = "" if char == quote and line[position - 1] != "\\" else quote
        elif char in "\"'`":
            quote = char
        elif line.startswith("//", position) and (not position or line[position - 1] != ":"):
            return position
    return -1


# Members without a construct ------------------------------------------------------------------------------------------


def around(loose: list[Item]) -> Statement | None:
    """A construct of no kind around members that stand without one: `input { } stack { } response = $x`.

    None for statements alone.
    """
    if not any(is_member(item) for item in loose):
        return None
    made = Statement("stack", None, None, None, Body(loose), None, False, False, 0).at(loose[0], loose[-1])
    made.name_end_column = made.column
    return made


def is_member(item: Item) -> bool:
    """Is this a member of a construct, and not a statement?"""
    if isinstance(item, Attribute):
        return item.name in _ATTRIBUTES
    return item.name in MEMBERS and (isinstance(item, FieldBlock) or _is_plain_block(item))


def _is_plain_block(item: Item) -> bool:
    return isinstance(item, Statement) and item.body is not None and item.result is None


def statements_of(loose: Iterable[Item]) -> list[Item]:
    """The statements among loose members, those of their stacks taken out, in order."""
    found: list[Item] = []
    for item in loose:
        if not is_member(item):
            found.append(item)
        elif isinstance(item, Statement) and item.name == "stack" and item.body is not None:
            found += item.body.items
    return found


def response_of(loose: Iterable[Item]) -> Expression | None:
    """What loose members respond with, if they say."""
    named = [item for item in loose if isinstance(item, Attribute) and item.name == "response"]
    return named[-1].value if named else None
