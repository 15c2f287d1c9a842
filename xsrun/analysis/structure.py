"""Whether the constructs of one text can run: members, fields, statements, expressions, each against its table.

The grammar knows shapes only; names are judged here, so that a wrong one gets a message of its own. No other file is
needed, and nothing is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.analysis.report import TextReport, guarded
from xsrun.analysis.rules import constructs
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.suggest import comparing

if TYPE_CHECKING:
    from xsrun.syntax.nodes import Document
    from xsrun.syntax.parsed import Parsed


#: Errors of what can never succeed, but fails only when it is reached: whatever does not reach it runs.
LATE = frozenset(("XS403", "XS404", "XS407", "XS409"))


def problems(parsed: Parsed[Document]) -> list[Diagnostic]:
    """The errors of one parsed text that keep a construct from running, in order.

    Syntax errors are not among them: those are in `parsed.diagnostics`. A line that holds a syntax error gets no
    second one here, since what the parser could not read explains it.
    """
    tree = parsed.tree
    if tree is None:
        return []
    report = TextReport(parsed.source)
    with comparing():
        guarded(report, tree, constructs.check_document, report, tree)
    broken = {found.line for found in parsed.diagnostics if found.severity == "error"}
    found = [one for one in report.found if one.severity == "error" and one.code not in LATE]
    return sorted((one for one in found if one.line not in broken), key=Diagnostic.sort_key)
