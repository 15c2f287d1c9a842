"""Applying the fixes that diagnostics carry."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.diagnostics.record import Diagnostic, Fix


def apply_fixes(text: str, diagnostics: Iterable[Diagnostic]) -> tuple[str, int]:
    """A text with the fixes of its diagnostics applied, and how many of them were.

    Offsets count from the text without its byte-order mark, which stays. A fix that overlaps one before it is left
    out: checking the result again finds it.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    taken: list[Fix] = []
    count = 0
    for diagnostic in diagnostics:
        edits = diagnostic.fix or []
        if edits and not any(_overlap(edit, other) for edit in edits for other in taken):
            taken += edits
            count += 1
    for start, end, new in sorted(taken, reverse=True):
        body = body[:start] + new + body[end:]
    return mark + body, count


def _overlap(first: Fix, second: Fix) -> bool:
    if first[0] == second[0]:
        return True
    return first[0] < second[1] and second[0] < first[1]
