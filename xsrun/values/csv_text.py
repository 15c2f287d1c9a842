"""CSV, read and written as PHP's fgetcsv and fputcsv do it.

Python's csv module reads other things: in PHP blanks before an enclosure do not count (`a, "b"` has the cell `b`), and
an escape character does not disappear, it only keeps the next enclosure from ending the cell (`"a\\"b"` is the cell
`a\\"b`). Where the escape equals the enclosure there is only doubling; so too when writing, where PHP forgets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xsrun.errors import LimitError, XanoScriptError
from xsrun.values.characters import characters
from xsrun.values.conversion import Value, to_json
from xsrun.values.extent import TOO_DEEP
from xsrun.values.php_arrays import cast_to_text

# Reading -------------------------------------------------------------------------------------------------------------


def read_rows(text: str, separator: str, enclosure: str, escape: str) -> list[list[str]]:
    """The rows of a CSV text, blank lines left out. Raises XanoScriptError for impossible separators."""
    _check_marks(separator, enclosure, escape)
    cell, unquote = _cell_reader(separator, enclosure, "" if escape == enclosure else escape)
    rows: list[list[str]] = []
    row: list[str] = []
    position = 0
    while position < len(text) or row:
        match = cell.match(text, position)
        assert match is not None  # it matches the empty text
        inner = match["inner"]
        row.append(match["plain"] if inner is None else unquote(inner) + match["rest"])
        position = match.end()
        if match["end"] != separator:
            if inner is not None or row != [""]:
                rows.append(row)
            row = []
    return rows


def _cell_reader(separator: str, enclosure: str, escape: str) -> tuple[re.Pattern[str], Callable[[str], str]]:
    """The pattern of a cell with what ends it, and what takes the doubling out of an enclosed one."""
    ending = re.escape(separator) + r"\r\n"
    stop = rf"(?P<end>{re.escape(separator)}|\r\n|\n|\r|\Z)"
    plain = f"(?P<plain>[^{ending}]*+)"
    if not enclosure:
        return re.compile(f"(?P<inner>(?!))?(?P<rest>){plain}{stop}"), str
    mark = re.escape(enclosure)
    pair = f"{re.escape(escape)}.?|{mark}{mark}" if escape else mark + mark
    body = f"[^{mark}{re.escape(escape)}]*+"
    inner = f"(?P<inner>{body}(?:(?:{pair}){body})*+)"
    enclosed = rf"[^\S{ending}]*+{mark}{inner}(?:{mark}|\Z)(?P<rest>[^{ending}]*+)"
    doubled = re.compile(pair, re.DOTALL)

    def unquote(text: str) -> str:
        if enclosure not in text:
            return text
        return doubled.sub(lambda found: enclosure if found.group() == enclosure * 2 else found.group(), text)

    return re.compile(f"(?:{enclosed}|{plain}){stop}", re.DOTALL), unquote


def _check_marks(separator: str, enclosure: str, escape: str) -> None:
    if len(separator) != 1 or separator in "\r\n":
        raise XanoScriptError("The separator must be a single character")
    if len(enclosure) > 1 or enclosure in ("\r", "\n", separator):
        raise XanoScriptError("The enclosure must be a single character other than the separator")
    if len(escape) > 1:
        raise XanoScriptError("The escape must be a single character or blank")


# Writing -------------------------------------------------------------------------------------------------------------


def write_rows(rows: list[list[Value]], separator: str, enclosure: str, escape: str) -> str:
    """Rows as CSV text, as PHP's fputcsv writes them: a cell with a blank or a mark in it is enclosed."""
    _check_marks(separator, enclosure, escape)
    marks = re.compile(f"[{re.escape(separator + enclosure + escape)}\\n\\r\\t ]")
    # an enclosure inside a cell is doubled, unless an escape stands before it
    inner = re.compile(
        f"{re.escape(escape)}*{re.escape(enclosure)}" if escape not in ("", enclosure) else re.escape(enclosure)
    )

    def cell(value: Value) -> str:
        text = _cell_text(value)
        if not enclosure or not marks.search(text):
            return text
        doubled = inner.sub(lambda found: found.group() + (enclosure if len(found.group()) == 1 else ""), text)
        return enclosure + doubled + enclosure

    return "".join(separator.join(map(cell, row)) + "\n" for row in rows)


def _cell_text(value: Value) -> str:
    """A cell: false and null are blank, true is 1, a list or object is JSON."""
    if value.__class__ is list or value.__class__ is dict:
        try:
            return to_json(value)
        except RecursionError:
            raise LimitError(TOO_DEEP) from None
    return characters(value if isinstance(value, bytes) else cast_to_text(value))
