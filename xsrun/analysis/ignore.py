"""Comments that switch codes off: `// xsrun: ignore XS204`, several separated by commas, none for all.

A comment at the end of a line speaks of that line, one on a line of its own of the next line that holds code. In the
first comment lines of a file, before any code, `// xsrun: ignore-file XS504` speaks of the whole file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xsrun.diagnostics import Diagnostic

if TYPE_CHECKING:
    from xsrun.syntax.nodes import Document
    from xsrun.syntax.parsed import Parsed

_COMMENT = re.compile(r"[ \t]*xsrun:[ \t]*ignore(-file)?\b[ \t]*:?[ \t]*([A-Z0-9, \t]*)")


def without_ignored(parsed: Parsed[Document], found: list[Diagnostic]) -> list[Diagnostic]:
    """The problems that no comment of the text switches off."""
    if not any("xsrun:" in comment.text for comment in parsed.comments):
        return found
    lines, everywhere = _switches(parsed)
    return [problem for problem in found if not _ignored(problem, lines.get(problem.line), everywhere)]


def _ignored(problem: Diagnostic, here: set[str] | None, everywhere: set[str] | None) -> bool:
    return any(codes is not None and (not codes or problem.code in codes) for codes in (here, everywhere))


def _switches(parsed: Parsed[Document]) -> tuple[dict[int, set[str]], set[str] | None]:
    """Line -> codes that are switched off there (an empty set: all), and the codes of the whole file."""
    lines: dict[int, set[str]] = {}
    everywhere: set[str] | None = None
    source = parsed.source
    for comment in parsed.comments:
        match = _COMMENT.match(comment.text)
        if match is None:
            continue
        codes = {code for code in re.split(r"[,\s]+", match.group(2)) if code}
        if match.group(1):
            everywhere = codes if everywhere is None or not codes else everywhere | codes
            continue
        line = comment.line
        if comment.own_line:
            line += 1
            while line <= len(source.starts) and _is_blank(source.line(line)):
                line += 1
        lines[line] = codes if line not in lines or not codes else lines[line] | codes
    return lines, everywhere


def _is_blank(text: str) -> bool:
    stripped = text.strip()
    return not stripped or stripped.startswith("//")
