"""Showing what would change in a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from xsrun.diagnostics.color import paint, use_color

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def difference(name: str, text: str, made: str) -> Iterator[str]:
    """A unified diff, line by line; what lacks a newline at its end is marked as `diff` marks it."""
    import difflib

    before, after = (re.findall(r"[^\n]*\n|[^\n]+", part) for part in (text, made))
    for line in difflib.unified_diff(before, after, name, name):
        yield line.rstrip("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def print_difference(name: str, text: str, made: str) -> None:
    """Print a unified diff to standard output, in colour on terminals."""
    color = use_color(sys.stdout)
    for line in difference(name, text, made):
        print(paint(line, _STYLES.get(line[0], ""), color))
