"""Whether the constructs of one text can run: members, fields, statements, expressions, each against its table.

The grammar knows shapes only; names are judged here, so that a wrong one gets a message of its own. No other file is
needed, and nothing is run.
"""

from __future__ import annotations

from typing import Any

from xsrun.analysis import constructs
from xsrun.analysis.report import Report, guarded
from xsrun.diagnostics import Diagnostic
from xsrun.syntax.nodes import Document
from xsrun.syntax.source import Source


def problems(parsed: Any) -> list[Diagnostic]:
    """The errors of one parsed text (`Parsed`, or its `Document`) that keep a construct from running, in order.

    Syntax errors are not among them: those are in `parsed.diagnostics`. A line that holds a syntax error gets no
    second one here, since what the parser could not read explains it.
    """
    source = getattr(parsed, "source", None) or Source("")
    tree = parsed if isinstance(parsed, Document) else parsed.tree
    if tree is None:
        return []
    report = Report(source)
    guarded(report, tree, constructs.check_document, report, tree)
    broken = {found.line for found in getattr(parsed, "diagnostics", ()) if found.severity == "error"}
    found = [problem for problem in report.found if problem.severity == "error" and problem.line not in broken]
    return sorted(found, key=Diagnostic.sort_key)
