"""Showing what would change in a file."""

from __future__ import annotations

import sys

from xsrun.diagnostics.changes import difference
from xsrun.diagnostics.color import paint, use_color

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def print_difference(name: str, text: str, made: str) -> None:
    """Print a unified diff to standard output, in colour on terminals."""
    color = use_color(sys.stdout)
    for line in difference(name, text, made):
        print(paint(line, _STYLES.get(line[0], ""), color))
