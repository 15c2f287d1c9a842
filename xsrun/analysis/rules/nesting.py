"""Loops inside one another that Python compiles no more, which `xsrun run` refuses (see `evaluator.stack_functions`).

Whether a program does is known for sure only by compiling it: some statements are a loop too once they are Python, so
the programs that come near are compiled, and only those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.analysis.report import TextReport
from xsrun.errors import LimitError, XanoScriptError
from xsrun.registry.demands import LOOPS
from xsrun.syntax.nodes import Body, Document, Statement
from xsrun.syntax.walk import is_off

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct

#: From so many loops inside one another on a program is compiled: each may be two in Python, which takes 20.
_NEAR = 9


def check_construct(report: TextReport, node: Statement) -> None:
    """Report it when the stack of a construct cannot be compiled."""
    stack = node.block("stack")
    if stack is not None and _loops(stack.body) >= _NEAR:
        from xsrun.workspace.construct import construct_of

        _compile(report, construct_of(node, report.source.filename, report.source.text))


def check_bare(report: TextReport, body: Document) -> None:
    """The same for a list of statements without a construct."""
    if _loops(body) >= _NEAR:
        from xsrun.workspace.construct import Construct

        name = report.source.filename
        _compile(report, Construct("stack", name, None, None, name, 1, None, list(body.items), text=report.source.text))


def _loops(body: Body | Document | None) -> int:
    """How many loops stand in one another, at most."""
    deepest = 0
    for item in body.items if body is not None else []:
        if isinstance(item, Statement) and not is_off(item):
            deepest = max(deepest, (item.name in LOOPS) + _loops(item.body))
    return deepest


def _compile(report: TextReport, construct: Construct) -> None:
    from xsrun.workspace.code_cache import compiled_stack

    try:
        compiled_stack(construct)
    except LimitError as error:
        line, column = error.line or construct.line, error.column or 1
        place = (line, column, error.end_line or line, error.end_column or column + 1)
        report.add("XS329", error.message, place, error.hint)
    except XanoScriptError:
        return  # what else keeps it from being compiled is for other checks to say
