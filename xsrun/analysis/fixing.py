"""The safe fixes of some texts, applied until none is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.fixes import apply_fixes

#: Rounds of fixing: a fix can make way for another.
_ROUNDS = 5


def fix_sources(
    sources: Mapping[str, str], problems: Callable[[dict[str, str]], list[Diagnostic]]
) -> tuple[dict[str, str], int]:
    """The texts with the safe fixes applied, and how many were. `problems` tells those of some texts."""
    made, count = dict(sources), 0
    for _ in range(_ROUNDS):
        found: dict[str, list[Diagnostic]] = {}
        for one in problems(made):
            if one.fix:
                found.setdefault(one.file, []).append(one)
        if not found:
            break
        for name, diagnostics in found.items():
            made[name], applied = apply_fixes(made[name], diagnostics)
            count += applied
    return made, count
