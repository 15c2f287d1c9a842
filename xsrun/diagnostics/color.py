"""Colours on terminals: where there are any, and how a text gets one."""

from __future__ import annotations

import os

from xsrun.hints import TextIO

#: `blue` is the bright one: the other is hardly seen on black
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "94", "cyan": "36"}


def use_color(stream: TextIO) -> bool:
    """Colour on terminals; `NO_COLOR` switches it off, `FORCE_COLOR` on in a pipe as well, unless they are empty."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and bool(getattr(stream, "isatty", lambda: False)())


def paint(text: str, style: str, color: bool = True) -> str:
    """The text in a style, `red` or `bold red`; as it is without `color`, or without a style."""
    if not color or not style or not text:
        return text
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"
