"""What can be said about a program without running it.

`structure.problems` checks one parsed text by itself: what makes a construct unable to run. `check_sources` checks
whole workspaces: it adds what one file alone cannot tell, and warnings about what surprises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xsrun.diagnostics import Diagnostic

#: Names that are compared in one check to suggest what was meant: enough for hundreds of misspelt ones.
_MOST_COMPARED = 50_000


def check_sources(sources: Mapping[str, str]) -> list[Diagnostic]:
    """Every problem of the given texts (file name to text), sorted by file and line."""
    from xsrun.analysis.check import check
    from xsrun.diagnostics.suggest import comparing

    with comparing(_MOST_COMPARED):
        return check(sources)
