"""Warnings of changes that cost more the larger a value is: in a loop they grow with the square of its passes."""

from __future__ import annotations

import sys
from types import FrameType

from xsrun.errors import XanoScriptError


def moved_much(size: int) -> XanoScriptError:
    """What is said of changes in front of a list or text."""
    return _warning(
        f"changing a list or text in front moves all that is behind: {size:,} members or characters",
        "go through the list with foreach or by an index, or add at the end and use |reverse once",
    )


def copied_much(size: int) -> XanoScriptError:
    """What is said of changes to a value that something else holds as well."""
    return _warning(
        f"each change here copies the whole value, as something else holds it too: {size:,} members",
        "change it where it was made; a function that is called can return what is to be added",
    )


def _warning(message: str, hint: str) -> XanoScriptError:
    """A warning with the place where the program is: the innermost frame that is not of a Python file."""
    warning = XanoScriptError(message, hint=hint)
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.endswith(".py"):
        frame = frame.f_back
    if frame is not None:
        warning.file, warning.line = frame.f_code.co_filename, frame.f_lineno
    return warning
