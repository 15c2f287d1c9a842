"""What a block of a page is: constructs, members of one, bare statements, expressions, fields, or a template."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from xsrun import registry
from xsrun.diagnostics import Diagnostic
from xsrun.language.constructs import DECLARED_KINDS
from xsrun.syntax.nodes import (
    Document,
    FieldBlock,
    Item,
    Placeholder,
    Statement,
)
from xsrun.syntax.parsed import Parsed
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Comment
from xsrun.testing.doctest.page import Block
from xsrun.workspace.forms import Chunk, comment_start, expressions_in, is_erroneous, is_value

#: What stands at the top of a file; "stack" is the workspace's word for a bare list.
_CONSTRUCTS = DECLARED_KINDS - {"stack"}
#: Members of a construct that a block may show without one. Only a stack makes a program of them.
_MEMBERS = frozenset(("stack", "input", "test", "schema"))
#: `<name>`, `{...}` and the like: a page's words for what the reader puts there.
_TEMPLATE = re.compile(r"<[a-zA-Z][\w ./|-]*>|\{\s*\.\.\.\s*\}|^\s*\.\.\.\s*$|\bexpect\.<", re.MULTILINE)
#: What holds no place to fill in, whatever it looks like: texts, comments, code in another language.
_ASIDE = re.compile(r'"""[\s\S]*?"""|```[\s\S]*?```|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*')
#: What stands before a quoted name: the word of a construct or statement at the beginning of its line.
_HEADING = re.compile(r"^[ \t]*[\w.]+[ \t]+$")
#: Signs by which pages mark what is wrong on purpose.
_WRONG = re.compile(r"❌|✗|\b(?:wrong|incorrect|invalid|don't|do not|avoid|bad|error:|fails?|not supported)\b", re.I)


@dataclass(slots=True)
class PageExample:
    """A block and what it was found to be.

    `kind` is "constructs", "members", "statements", "mixed" (constructs and statements), "attributes", "expressions",
    "fields", "template", "empty" or "broken". `source` is the text to load, in which lines count as on the page.
    """

    block: Block
    kind: str
    source: str
    items: list[Item] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    #: of kind "expressions": first line, last line, and an expression, or None for statements
    chunks: list[Chunk] = field(default_factory=list)
    #: does what the page says below the block speak of this example, and not of a part that follows it?
    is_last: bool = True

    @property
    def shown_as_wrong(self) -> bool:
        """Does the page say that this is how not to do it?"""
        said = [*self.block.before[-2:], *(comment.text for comment in self.comments)]
        return any(map(_WRONG.search, said))


def read_example(block: Block) -> PageExample:
    """Find out what a block is."""
    padding = "\n" * (block.line - 1)
    parsed = parser().parse(Source(padding + block.text, block.file), "document")
    items = list(parsed.tree.items) if parsed.tree is not None else []
    errors = [found for found in parsed.diagnostics if found.severity == "error"]
    if not errors and not items:
        return PageExample(block, "empty", "", comments=parsed.comments)
    if _is_template(block, parsed, whole=not errors):
        return PageExample(block, "template", "", items, parsed.comments)
    if errors:
        return _other_forms(block, padding, parsed, errors)
    kind = _kind_of(items)
    if kind == "statements" and any(is_value(item) or not registry.find_statement(item.name) for item in items):
        other = _chunked(block, padding) or _fields(block, padding)
        if other is not None:
            return other
    if kind == "members" and any(registry.find_statement(item.name) for item in items if isinstance(item, Statement)):
        return read_example(replace(block, text=_without_stack(block, items)))
    return PageExample(block, kind, padding + block.text, items, parsed.comments)


def _without_stack(block: Block, items: list[Item]) -> str:
    """The text of a block that has statements beside a stack, without the braces of the stack."""
    lines = block.text.split("\n")
    for item in items:
        if item.name == "stack":
            for line in (item.line, item.end_line):
                lines[line - block.line] = ""
    return "\n".join(lines)


def _kind_of(items: list[Item]) -> str:
    names = [item.name for item in items if isinstance(item, (Statement, FieldBlock))]
    if any(name in _CONSTRUCTS for name in names):
        return "constructs" if all(name in _CONSTRUCTS for name in names) else "mixed"
    if "stack" in names:
        return "members"
    if any(name in _MEMBERS for name in names):
        return "attributes"
    return "statements" if any(isinstance(item, Statement) for item in items) else "attributes"


def _is_template(block: Block, parsed: Parsed[Document], *, whole: bool) -> bool:
    """Does the block leave places for the reader to fill in? A tree that is not `whole` has placeholders of its own."""
    if _TEMPLATE.search(_without_asides(block.text)):
        return True
    nodes = parsed.tree.walk() if whole and parsed.tree is not None else ()
    return any(isinstance(node, Placeholder) or (isinstance(node, Statement) and node.name == "...") for node in nodes)


def _without_asides(text: str) -> str:
    """A program without its comments and texts; the quoted names of constructs and statements stay."""

    def kept(found: re.Match[str]) -> str:
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        return found.group() if found.group()[0] in "\"'" and _HEADING.match(before) else '""'

    return _ASIDE.sub(kept, text)


def _other_forms(block: Block, padding: str, parsed: Parsed[Document], errors: list[Diagnostic]) -> PageExample:
    """What a block that is not a list of statements is: expressions, among statements perhaps, fields, or broken."""
    other = _chunked(block, padding) or _fields(block, padding)
    return other or PageExample(block, "broken", padding + block.text, comments=parsed.comments, problems=errors)


def _chunked(block: Block, padding: str) -> PageExample | None:
    """The block as expressions, among statements perhaps, if it is that."""
    chunks = expressions_in(Source(padding + block.text, block.file))
    if chunks is None:
        return None
    return PageExample(block, "expressions", padding + block.text, comments=_comments(block), chunks=chunks)


def _fields(block: Block, padding: str) -> PageExample | None:
    """The block as declarations of fields, if it is that."""
    parsed = parser().parse(Source(padding + block.text, block.file), "fields")
    if parsed.tree is None or is_erroneous(parsed):
        return None
    return PageExample(block, "fields", "", list(parsed.tree.items), parsed.comments)


def _comments(block: Block) -> list[Comment]:
    """The comments of a block of expressions: whole lines, and what follows `//` outside of texts."""
    found = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        position = comment_start(line)
        if position >= 0:
            found.append(Comment(line[position + 2 :], number, position + 1, not line[:position].strip()))
    return found


def parts(example: PageExample) -> list[PageExample]:
    """The constructs and the statements of a mixed block, each with the lines of the other left blank."""
    lines = example.source.split("\n")
    made = []
    for kind, wanted in (("constructs", True), ("statements", False)):
        items = [item for item in example.items if (getattr(item, "name", "") in _CONSTRUCTS) is wanted]
        kept = {number for item in items for number in range(item.line, item.end_line + 1)}
        text = "\n".join(line if number in kept else "" for number, line in enumerate(lines, 1))
        comments = [one for one in example.comments if one.line in kept or one.line - 1 in kept]
        last = bool(items) and items[-1] is example.items[-1]
        made.append(PageExample(example.block, kind, text, items, comments, is_last=last))
    return made


def looks_like_program(block: Block) -> bool:
    """Is a block without a language XanoScript? It is when it reads as such and holds a construct or statement."""
    if block.language or not block.text.strip():
        return False
    parsed = parser().parse(Source(block.text, block.file), "document")
    items = parsed.tree.items if parsed.tree is not None and not is_erroneous(parsed) else []
    return any(
        isinstance(item, Statement)
        and (item.name in _CONSTRUCTS or registry.find_statement(item.name) is not None)
        and (item.body is not None or item.target is not None)
        for item in items
    )
