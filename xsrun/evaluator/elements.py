"""Expressions that are evaluated for each element of a list: those of `map`, `array.find ... if`, and of paths."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from xsrun.errors import XanoScriptError, XanoScriptSyntaxError
from xsrun.evaluator.linker import Linker, link
from xsrun.evaluator.quote import call, constant, function, name, statements
from xsrun.evaluator.scope import Scope
from xsrun.runtime.context import Context
from xsrun.runtime.values import Value
from xsrun.syntax.nodes import Expression

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import StatementCompiler

#: The file name of the code of path conditions. Errors in it are shown at the statement that uses the path.
PATH_CONDITION = "<path>"


def element_call(
    compiler: StatementCompiler,
    helper: Callable[..., Any],
    value: ast.expr,
    node: Expression,
    at: Any,
    *more: ast.expr,
    condition: bool = False,
    result: bool = False,
) -> ast.expr:
    """A call of a function of `xsrun.runtime.elements` with a value and an expression over its elements."""
    made, positions = element_function(compiler, node, condition=condition, result=result)
    identifier = compiler.linker.helper(helper)
    return call(identifier, at, name("context", at), value, made, constant(positions, at), *more)


def element_function(
    compiler: StatementCompiler, node: Expression, *, condition: bool, result: bool
) -> tuple[ast.expr, bool]:
    """The expression as a lambda, and whether it takes `$index` and `$parent` too, because it needs them.

    `condition`: its Python truth is what counts. `result`: it takes `$result` in front.
    """
    names = {root: compiler.scope.fresh(root + "_") for root in ("this", "index", "parent")}
    if result:
        names["result"] = compiler.scope.fresh("result_")
    with compiler.scope.element({**names, "$": names["this"]}):
        body = compiler.condition(node) if condition else compiler.value(node)
    used = {inner.id for inner in ast.walk(body) if isinstance(inner, ast.Name)}
    positions = names["index"] in used or names["parent"] in used
    parameters = [names["this"], names["index"], names["parent"]] if positions else [names["this"]]
    if result:
        parameters.insert(0, names["result"])
    return function(parameters, body, node), positions


# Conditions of paths -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def path_condition(text: str) -> Callable[[Value, int, Value, Value], Value]:
    """The condition in the brackets of a path, as `xsrun.runtime.paths` calls it: of element, index, list and root.

    `$$` is the element and `$0` the value the path started from. Raises XanoScriptError for what is no expression.
    """
    from xsrun.evaluator.compiler import StatementCompiler
    from xsrun.syntax.parser import parser, raise_problems
    from xsrun.syntax.source import Source

    scope, linker = Scope(), Linker(frozenset())
    compiler = StatementCompiler(scope, linker, PATH_CONDITION)
    names = {"this": "this", "$": "this", "index": "index", "parent": "parent"}
    try:
        parsed = parser().parse(Source(text, PATH_CONDITION), "expression")
        raise_problems(parsed)
        node: Any = parsed.tree
        with scope.element({"$": "root"}, binds_this=False), scope.element(names):
            body = compiler.value(node)
    except XanoScriptSyntaxError as error:
        raise XanoScriptError(f"The condition [{text}] of a path is not an expression: {error}") from None
    template = "def run(context, inputs, this, index, parent, root):\n    return BODY"
    (definition,) = statements(template, node, BODY=body)
    code = compile(ast.Module([definition], []), PATH_CONDITION, "exec", dont_inherit=True)
    run, _ = link(code, linker, [])
    context = Context()
    return lambda this, index, parent, root: run(context, {}, this, index, parent, root)


__all__ = ["element_call", "element_function", "path_condition"]
