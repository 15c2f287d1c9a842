"""Colours on terminals: where there are any, and how a text gets one."""

from __future__ import annotations

import os
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def use_color(stream: TextIO) -> bool:
    """Colour on terminals only, and never against the user's `NO_COLOR`."""
    return bool(getattr(stream, "isatty", lambda: False)()) and "NO_COLOR" not in os.environ


def paint(text: str, style: str, color: bool = True) -> str:
    """The text in a style, `red` or `bold red`; as it is without `color`, or without a style."""
    if not color or not style or not text:
        return text
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"
