"""Filter chains and domain calls."""

from __future__ import annotations

import ast

from xsrun import registry
from xsrun.evaluator.builtin_calls import gives_scalar
from xsrun.evaluator.filter_arguments import lacking_arguments, without_surplus
from xsrun.evaluator.generated.filter_calls import fail
from xsrun.evaluator.inlining import as_operator, filtered
from xsrun.evaluator.quasiquote import call, constant
from xsrun.evaluator.state import CompilerState, compiles
from xsrun.evaluator.variables import kept_tolerant, tolerant
from xsrun.hints import TYPE_CHECKING
from xsrun.syntax.nodes import Call, FilterCall

if TYPE_CHECKING:
    pass


@compiles(FilterCall)
def compile_filter_call(state: CompilerState, node: FilterCall) -> ast.expr:
    operand = constant(None, node) if node.operand is None else None
    if node.disabled:
        return operand or state.value(node.operand)
    record = registry.find_filter(node.name)
    if record is None:
        return unknown_filter(state, node)
    lacking = lacking_arguments(record, node)
    if lacking:
        return failing(state, lacking, f"its form is |{record.signature}", node)
    node = without_surplus(record, node)
    if record.form:
        compiled = operand or (piped_value(state, record, node))
        made: ast.expr = record.function(state, compiled, node)
        return made
    operator = as_operator(state, record, node)
    if operator is not None:
        return operator
    return filtered(state, record, operand or piped_value(state, record, node), node)


def piped_value(state: CompilerState, record: registry.Builtin, node: FilterCall) -> ast.expr:
    """The piped value; some filters may be given a path that is missing."""
    keeps = record.gives is None and not gives_scalar(state, record, node)
    if record.takes_missing and node.operand is not None:
        return kept_tolerant(state, node.operand) if keeps else tolerant(state, node.operand)
    return state.value(node.operand) if keeps else state.read(node.operand)


def failing(state: CompilerState, message: str, hint: str | None, node: FilterCall) -> ast.expr:
    """The engine stores what cannot work, and fails when it is reached: after the piped value is computed."""
    texts = constant(message, node), constant(hint, node)
    return call(state.linker.helper(fail), node, *texts, state.read(node.operand))


def unknown_filter(state: CompilerState, node: FilterCall) -> ast.expr:
    from xsrun.diagnostics.suggest import nearest
    from xsrun.language import catalogue

    names = [*catalogue.names("filter")]
    close = nearest(node.name, names)
    hint = f"there is no such filter; did you mean `{close}`?" if close else "there is no such filter"
    return failing(state, f"Unable to locate func entry: {node.name}", hint, node)


@compiles(Call)
def compile_call(state: CompilerState, node: Call) -> ast.expr:
    """A domain call: `math.add(5, 3)`, the filter of the same name on its first argument (language 2.10)."""
    record = registry.find_function(node.name)
    if record is None:
        hint = "there is no such function; use a filter: value|name:argument"
        return call(
            state.linker.helper(fail),
            node,
            constant(f"Unable to locate func entry: {node.name}", node),
            constant(hint, node),
        )
    operand = node.arguments[0] if node.arguments else None
    return state.value(state.positioned(FilterCall(operand, record.name, node.arguments[1:], False), node))
