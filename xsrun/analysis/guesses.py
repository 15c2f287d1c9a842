"""What may be meant by a misspelled name, as edits. Unlike a fix they are guesses: nothing applies them unasked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xsrun.diagnostics.suggest import names_meant

if TYPE_CHECKING:
    from xsrun.diagnostics.record import Diagnostic, Fix
    from xsrun.syntax.source import Source

_QUOTED = re.compile(r"`([^`]+)`")
#: What may stand outside of quotation marks, and inside of them.
_BARE = re.compile(r"\$?\w+(\.\w+)*")
_TEXT = re.compile(r"[^\"'`\\\n]+")


def offers(problem: Diagnostic, source: Source) -> list[tuple[str, Fix]]:
    """The names that a hint asks for (`did you mean ...?`), each with the edit that writes it; the best first.

    There is none where a fix is known, and none but where one name in one place is the whole repair.
    """
    meant = names_meant(problem.hint or "")
    if not meant or problem.fix or problem.line != problem.end_line:
        return []
    first = source.offset(problem.line, problem.column)
    text = source.text[first : source.offset(problem.end_line, problem.end_column)]
    named = {name.removeprefix("$") for name in _QUOTED.findall(problem.message)}
    places = [found for name in named for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
    if len(places) != 1:
        return []
    start, end = places[0].span()
    quoted = text[start - 1 : start] in ('"', "'") if start else source.text[first - 1 : first] in ('"', "'")
    found = []
    for name in meant:
        begin = start
        if name.startswith("$"):
            begin -= 1
            if text[begin : begin + 1] != "$" or begin < 0:
                continue
        if (_TEXT if quoted else _BARE).fullmatch(name):
            found.append((name, (first + begin, first + end, name)))
    return found
