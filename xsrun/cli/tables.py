"""Rows as a table of text."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from xsrun.diagnostics.render import display_width, printable
from xsrun.values.conversion import Value, to_json

#: The narrowest that a column is cut to.
_NARROW = 8


def text_table(rows: Sequence[dict[str, Value]], width: int | None = None) -> str:
    """Rows below the names of their columns, numbers to the right, and how many there are.

    Cells are cut where the table is wider than the terminal, or than `width`; in a pipe they are whole.
    """
    count = f"({len(rows)} row{'' if len(rows) == 1 else 's'})"
    if not rows:
        return count
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[cell(row.get(name)) for name in names] for row in rows]
    columns = [[name, *(line[at] for line in cells)] for at, name in enumerate(names)]
    widths = fitted([max(map(text_width, column)) for column in columns], width or terminal_width())
    right = [all(isinstance(row.get(name), (int, float)) for row in rows) for name in names]

    def shown(line: Sequence[str]) -> str:
        padded = [pad(text, to, of) for text, to, of in zip(line, widths, right, strict=True)]
        return " | ".join(padded).rstrip()

    rule = "-+-".join("-" * one for one in widths)
    return "\n".join([shown([printable(name) for name in names]), rule, *map(shown, cells), count])


def cell(value: Value) -> str:
    """A value in one line."""
    return printable(value if isinstance(value, str) else to_json(value)).replace("\n", " ")


def text_width(text: str) -> int:
    return sum(map(display_width, text))


def pad(text: str, width: int, right: bool) -> str:
    """A text of exactly a width; what is too long ends in dots."""
    if text_width(text) > width:
        kept = ""
        for character in text:
            if text_width(kept) + display_width(character) > width - 3:
                break
            kept += character
        text = f"{kept}..."
    blanks = " " * (width - text_width(text))
    return f"{blanks}{text}" if right else f"{text}{blanks}"


def fitted(widths: list[int], whole: int | None) -> list[int]:
    """The widths of columns, of which the widest give way until all fit."""
    widths = [*widths]
    if whole is None:
        return widths
    room = whole - 3 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROW:
        widths[widths.index(max(widths))] -= 1
    return widths


def terminal_width() -> int | None:
    """How wide the terminal is; None where the output is not a terminal."""
    if not sys.stdout.isatty():
        return None
    from xsrun.cli.parser import terminal_width as columns

    return columns()
