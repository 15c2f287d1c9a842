"""`debug.*`: look into a run (semantics 1.3 and 6)."""

from __future__ import annotations

import ast

from xsrun.evaluator.quasiquote import call, constant, expression, place, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.syntax.nodes import Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


@statement_form("debug.log", "value")
def log(compiler: Compiler, node: Statement) -> None:
    """Keep a value in the log of the run, with the line that wrote it.

    >>> debug.log { value = "here" }
    {}
    """
    at = statement_position(node)
    value = compiler.value(compiler.needed(node, "value"))
    file, line = constant(compiler.filename, at), constant(node.line, at)
    compiler.emit(place(ast.Expr(expression("context.log(V, F, L)", at, V=value, F=file, L=line)), at))


@statement_form("debug.stop", "value")
def stop(compiler: Compiler, node: Statement) -> None:
    """End the whole run at once, with a value; no `try_catch` holds it up.

    >>> conditional {
    ...   if (false) {
    ...     debug.stop { value = "not reached" }
    ...   }
    ... }
    {}
    """
    at = statement_position(node)
    compiler.emit(place(ast.Expr(call("stop", at, compiler.value(compiler.needed(node, "value")))), at))
