"""Between the positions of editors (from 0, in UTF-16 or what was agreed on) and those of xsrun (characters)."""

from __future__ import annotations

from lsprotocol import types

from xsrun.syntax.nodes import Located
from xsrun.syntax.source import Source

UTF_16 = "utf-16"
_WIDTHS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}


class TextPositions:
    """The positions in one text, in the units of one encoding: `utf-8`, `utf-16` or `utf-32`."""

    __slots__ = ("encoding", "source")

    def __init__(self, source: Source, encoding: str = UTF_16) -> None:
        self.source, self.encoding = source, encoding

    def _units(self, text: str) -> int:
        if text.isascii() or self.encoding not in _WIDTHS:
            return len(text)
        codec, width = _WIDTHS[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // width

    def position(self, line: int, column: int) -> types.Position:
        """Where a line and column of xsrun, from 1, are for an editor. What lies beyond a line is at its end."""
        text = self.source.line(line)
        return types.Position(max(line - 1, 0), self._units(text[: max(column - 1, 0)]))

    def range(self, line: int, column: int, end_line: int, end_column: int) -> types.Range:
        """A stretch of the text; its end is exclusive."""
        return types.Range(self.position(line, column), self.position(end_line, end_column))

    def range_of(self, node: Located) -> types.Range:
        """The stretch of a node."""
        return self.range(node.line, node.column, node.end_line, node.end_column)

    def range_between(self, start: int, end: int) -> types.Range:
        """The stretch between two offsets."""
        return self.range(*self.source.position(start), *self.source.position(end))

    def whole(self) -> types.Range:
        """The stretch of the whole text."""
        return self.range_between(0, len(self.source.text))

    def place(self, position: types.Position) -> tuple[int, int]:
        """The line and column, from 1, of an editor's position; inside of the text whatever it says."""
        line = min(max(position.line, 0) + 1, len(self.source.starts))
        text = self.source.line(line)
        if text.isascii() or self.encoding not in _WIDTHS:
            return line, min(position.character, len(text)) + 1
        column = units = 0
        while column < len(text) and units < position.character:
            units += self._units(text[column])
            column += 1
        return line, column + 1

    def offset(self, position: types.Position) -> int:
        """The offset of an editor's position."""
        return self.source.offset(*self.place(position))
