"""Reading a page: its fenced blocks, the headings above them, and the prose between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

#: Words after a fence that mean XanoScript.
LANGUAGES = frozenset(("xs", "xano", "xanoscript"))
_MARKDOWN = (".md", ".markdown", ".mdx")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)(.*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$")


@dataclass(slots=True)
class Block:
    """A fenced block. `line` is that of its first line of content, from 1; `before` is the prose since the last one."""

    file: str
    line: int
    language: str
    text: str
    title: str
    before: list[str] = field(default_factory=list)
    #: the block that follows on the page, and the prose up to it or to the end of the page
    following: Block | None = None
    between: list[str] = field(default_factory=list)

    @property
    def is_program(self) -> bool:
        return self.language in LANGUAGES

    def holds(self, line: int) -> bool:
        """Is a line of the page one of the block, or of its fences?"""
        return self.line - 1 <= line <= self.line + self.text.count("\n")


def read_page(text: str, file: str) -> list[Block]:
    """The blocks of a page, in order. A text without any fence is one block of XanoScript, unless it is Markdown."""
    reader = _PageReader(file)
    blocks = reader.read(text.removeprefix("\ufeff").splitlines())
    if blocks:
        blocks[-1].between = reader.prose
    elif text.strip() and not file.lower().endswith(_MARKDOWN):
        blocks = [Block(file, 1, "xs", text, "")]
    for block, following in pairwise(blocks):
        block.following, block.between = following, following.before
    return blocks


class _PageReader:
    """Goes through the lines of a page."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.blocks: list[Block] = []
        self.prose: list[str] = []
        self.title = ""

    def read(self, lines: list[str]) -> list[Block]:
        number = 0
        while number < len(lines):
            fence = _FENCE.match(lines[number])
            if fence is None:
                self._note(lines[number])
                number += 1
                continue
            end = _closing(lines, number, fence.group(1))
            content = lines[number + 1 : end]
            self._add(number + 2, fence.group(2).lower(), _without_indent(lines[number], content))
            number = end + 1
        return self.blocks

    def _note(self, line: str) -> None:
        heading = _HEADING.match(line)
        if heading is not None:
            self.title = heading.group(1)
        if line.strip():
            self.prose.append(line.strip())

    def _add(self, line: int, language: str, content: list[str]) -> None:
        self.blocks.append(Block(self.file, line, language, "\n".join(content) + "\n", self.title, self.prose))
        self.prose = []


def _closing(lines: list[str], start: int, mark: str) -> int:
    """The line of the closing fence, or the end of the page."""
    closing = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
    return next((number for number in range(start + 1, len(lines)) if closing.match(lines[number])), len(lines))


def _without_indent(opening: str, content: list[str]) -> list[str]:
    """The content without the blanks that the opening fence has before it."""
    width = len(opening) - len(opening.lstrip(" "))
    return [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in content] if width else content
