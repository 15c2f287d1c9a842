"""Diagnostics as people read them: what is wrong, where, the line with the place underlined, and what to write.

error[XS130]: a filtered value needs parentheses before `>`
  --> function/half.xs:8:30
   |
 8 |       value = $input.a|count > 0
   |                              ^
   = help: write ($input.a|count) > ...
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xsrun.diagnostics.color import paint as painted
from xsrun.diagnostics.record import UNREAD, Diagnostic

_STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "info": "bold cyan",
    "frame": "blue",
    "help": "bold green",
    "bold": "bold",
}
_TAB = 4
#: Lines longer than this are cut around the place, so that a terminal does not wrap them.
_WIDEST = 160


def render(diagnostic: Diagnostic, source_text: str, color: bool = False, path: str | None = None) -> str:
    """One diagnostic with the line it speaks of. `source_text` is the whole text of its file, empty if unknown; `path`
    is the name to show for the file, if that is another one."""

    def paint(what: str, text: str) -> str:
        return painted(text, _STYLES[what], color)

    code = f"[{diagnostic.code}]" if diagnostic.code else ""
    lines = [paint(diagnostic.severity, f"{diagnostic.severity}{code}") + paint("bold", f": {diagnostic.message}")]
    number = str(diagnostic.line)
    margin = " " * len(number)
    file = path or diagnostic.file
    place = f"{file}:{diagnostic.line}:{diagnostic.column}" if file else f"line {diagnostic.line}"
    lines.append(f"{margin}{paint('frame', '-->')} {place}")
    text = _line(source_text, diagnostic.line)
    bar = paint("frame", "|")
    if text is not None:
        shown, underline = _underlined(text, *_columns(diagnostic, text))
        lines.append(f"{margin} {bar}")
        lines.append(f"{paint('frame', number)} {bar} {shown}".rstrip())
        lines.append(f"{margin} {bar} {_blanks(underline)}{paint(diagnostic.severity, underline.lstrip(' '))}")
    if diagnostic.hint:
        first, *others = diagnostic.hint.splitlines()
        lines.append(f"{margin} {paint('frame', '=')} {paint('help', 'help')}: {first}")
        lines += [f"{margin}         {other}" for other in others]
    repaired = _repaired(diagnostic, source_text)
    if repaired is not None:
        lines.append(f"{margin} {bar}")
        lines.append(f"{paint('frame', number)} {paint('help', '+')} {printable(repaired)}".rstrip())
    return "\n".join(lines)


def render_all(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], color: bool = False) -> str:
    """Several diagnostics, in the order given, a blank line between two. `sources` holds the texts by file name."""
    return "\n\n".join(render(diagnostic, sources.get(diagnostic.file, ""), color) for diagnostic in diagnostics)


def _blanks(underline: str) -> str:
    return " " * (len(underline) - len(underline.lstrip(" ")))


def _line(source_text: str, number: int) -> str | None:
    """A line of a text, counted from 1; None beyond its end. Only `\\n` ends a line, as in the lexer."""
    lines = source_text.removeprefix("\ufeff").split("\n")
    if not source_text or source_text.startswith(UNREAD) or not 1 <= number <= len(lines):
        return None
    return lines[number - 1].rstrip("\r")


def _columns(diagnostic: Diagnostic, text: str) -> tuple[int, int]:
    """The columns to underline on the first line, from 1, the end exclusive; at least one."""
    start = max(1, diagnostic.column)
    end = diagnostic.end_column if diagnostic.end_line == diagnostic.line else len(text.rstrip()) + 1
    return start, max(end, start + 1)


def _underlined(text: str, start: int, end: int) -> tuple[str, str]:
    """A line fit for a terminal, and the carets below it."""
    first, last = start - 1, end - 1
    left = 0
    if len(text) > _WIDEST and first > _WIDEST // 2:
        left = first - _WIDEST // 3
    kept = text[left : left + _WIDEST]
    cut_left, cut_right = ("... " if left else ""), (" ..." if left + _WIDEST < len(text) else "")
    shown, widths = [], []
    column = len(cut_left)
    for character in kept:
        width = _TAB - column % _TAB if character == "\t" else display_width(character)
        shown.append(" " * width if character == "\t" else _safe(character))
        widths.append(width)
        column += width
    before = len(cut_left) + sum(widths[: first - left]) + max(0, first - left - len(widths))
    marked = sum(widths[first - left : last - left]) or 1
    return cut_left + "".join(shown) + cut_right, " " * before + "^" * marked


def display_width(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if character.isascii():
        return 1
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _safe(character: str) -> str:
    """Control characters of a source must not reach the terminal, nor bytes that are not text."""
    shown = character.isprintable() or (ord(character) > 0x9F and not "\ud800" <= character <= "\udfff")
    return character if shown else "\ufffd"


def printable(text: str) -> str:
    """A text fit for a terminal: control characters of a source must not reach it."""
    return "".join("    " if character == "\t" else _safe(character) for character in text)


def _repaired(diagnostic: Diagnostic, source_text: str) -> str | None:
    """The line as the fix leaves it, when the fix stays on that line."""
    if not diagnostic.fix or not source_text:
        return None
    text = source_text.removeprefix("\ufeff")
    begin = 0
    for _ in range(diagnostic.line - 1):
        begin = text.find("\n", begin) + 1
    stop = text.find("\n", begin)
    line = text[begin : stop if stop >= 0 else len(text)]
    for start, end, new in sorted(diagnostic.fix, reverse=True):
        if start < begin or end > begin + len(line) or "\n" in new:
            return None
        line = line[: start - begin] + new + line[end - begin :]
    return line.rstrip("\r")
