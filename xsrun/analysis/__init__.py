"""What can be said about a program without running it.

`structure.problems` checks one parsed text by itself: what makes a construct unable to run. `check_sources` checks
whole workspaces: it adds what one file alone cannot tell, and warnings about what surprises.
"""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xsrun.diagnostics import Diagnostic


def check_sources(sources: Mapping[str, str]) -> list[Diagnostic]:
    """Every problem of the given texts (file name to text), sorted by file and line."""
    from xsrun.analysis.check import check

    return check(sources)
