"""Expressions that are only known when a program runs: the filter `to_expr`, conditions in the brackets of paths."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

from xsrun.errors import XanoScriptError, XanoScriptSyntaxError
from xsrun.evaluator.quasiquote import place, statements
from xsrun.evaluator.scope import Element, Scope
from xsrun.fields.declared import Declared
from xsrun.running.context import Context
from xsrun.values.conversion import Value, as_text, readable

#: The file name of code whose expression is a text of the program.
TEXT = "<text>"


@lru_cache(maxsize=1024)
def path_condition(text: str) -> Callable[[Value, int, Value, Value], Value]:
    """The condition in the brackets of a path, as `xsrun.values.paths` calls it: of element, index, list and root.

    `$$` is the element and `$0` the value the path started from. Raises XanoScriptError for what is not an expression.
    """
    elements = [
        Element({"$": "root"}, binds_this=False),
        Element({"this": "this", "$": "this", "index": "index", "parent": "parent"}),
    ]
    try:
        run = _compiled(text, ["this", "index", "parent", "root"], elements=elements)
    except XanoScriptSyntaxError as error:
        raise XanoScriptError(f"The condition [{text}] of a path is not an expression: {error}") from None
    context = Context()
    return lambda this, index, parent, root: run(context, this, index, parent, root)


def evaluate_text(context: Context, text: Value, environment: dict[str, Value]) -> Value:
    """The value of an expression that is only known when the program runs: the filter `to_expr`.

    `environment` holds what it sees as `$var` and `$input`. Raises XanoScriptError for what is not an expression.
    """
    variables, inputs = environment["$var"], environment["$input"]
    source = readable(as_text(text))
    try:
        run = _text_expression(source, tuple(variables), tuple(inputs))
    except XanoScriptSyntaxError as error:
        raise XanoScriptError(f"The text is not an expression: {error}", hint=error.hint) from None
    return run(context, *variables.values(), *inputs.values())


@lru_cache(maxsize=256)
def _text_expression(text: str, variables: tuple[str, ...], inputs: tuple[str, ...]) -> Callable[..., Value]:
    locals_of_inputs = {key: f"i_{position}" for position, key in enumerate(inputs)}
    names = [*(f"v_{variable}" for variable in variables), *locals_of_inputs.values()]
    return _compiled(text, names, variables=variables, inputs=locals_of_inputs)


def _compiled(
    text: str,
    parameters: list[str],
    *,
    elements: list[Element] | None = None,
    variables: tuple[str, ...] = (),
    inputs: dict[str, str] | None = None,
) -> Callable[..., Value]:
    """A function of the context and the parameters that gives an expression's value.

    Its code belongs to no file, so that errors in it are shown at the statement that brought the text.
    """
    from xsrun.evaluator.compiler import Compiler
    from xsrun.evaluator.generated.linker import Linker, link
    from xsrun.syntax.parser import parser, raise_problems
    from xsrun.syntax.source import Source

    parsed = parser().parse(Source(text, TEXT), "expression")
    raise_problems(parsed)
    node = parsed.tree
    assert node is not None
    scope, linker = Scope(), Linker(frozenset(variables))
    scope.elements = elements or []
    scope.assigned = set(variables)
    scope.inputs = inputs or {}
    scope.declared = {key: Declared(key, "json", nullable=True) for key in scope.inputs}
    body = Compiler(scope, linker, TEXT).value(node)
    (definition,) = statements("def run(context):\n    return BODY", node, BODY=body)
    assert isinstance(definition, ast.FunctionDef)
    definition.args.args.extend(place(ast.arg(parameter), node) for parameter in parameters)
    code = compile(ast.Module([definition], []), TEXT, "exec", dont_inherit=True)
    return link(code, linker, [])[0]
