"""What would change in a text, as a unified diff."""

from __future__ import annotations

import re
from collections.abc import Iterator


def difference(name: str, text: str, made: str) -> Iterator[str]:
    """A unified diff, line by line; what lacks a newline at its end is marked as `diff` marks it."""
    import difflib

    before, after = (re.findall(r"[^\n]*\n|[^\n]+", part) for part in (text, made))
    for line in difflib.unified_diff(before, after, name, name):
        yield line.rstrip("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
