"""A source text: its file name, its lines, and the way between offsets and positions."""

from __future__ import annotations

from bisect import bisect_right

BYTE_ORDER_MARK = "\ufeff"


class Source:
    """Text read from a file or given by a caller. A leading byte-order mark is dropped; positions ignore it."""

    __slots__ = ("_starts", "filename", "text")

    def __init__(self, text: str, filename: str = "<text>") -> None:
        self.text = text.removeprefix(BYTE_ORDER_MARK)
        self.filename = filename
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Offset of the first character of each line."""
        if self._starts is None:
            self._starts = [0]
            position = self.text.find("\n")
            while position >= 0:
                self._starts.append(position + 1)
                position = self.text.find("\n", position + 1)
        return self._starts

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line end; empty beyond the last."""
        if not 1 <= number <= len(self.starts):
            return ""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end].rstrip("\r\n")

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1."""
        return self.starts[line - 1] + column - 1
