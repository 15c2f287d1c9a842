"""Filters that take an expression instead of a value: `map`, `filter`, `reduce`, `transform` and their kin.

The expression is evaluated for each element, which it sees as `$$` or `$this`, its position as `$index` and the whole
list as `$parent`. Objects work too: their keys are the indexes, and `map` and `filter` keep them.
"""

from __future__ import annotations

import ast

from xsrun.evaluator.generated import collections
from xsrun.evaluator.quasiquote import bind, constant, function, name, place
from xsrun.evaluator.quasiquote import call as quote_call
from xsrun.evaluator.text_expressions import evaluate_text
from xsrun.filters.transform_reading import as_transform_reads
from xsrun.hints import TYPE_CHECKING
from xsrun.names.bindings import name_given_by
from xsrun.registry import filter_form
from xsrun.syntax.nodes import FilterCall
from xsrun.syntax.spans import filter_span

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


@filter_form("map", "expression: expression")
def map_(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """What an expression gives for each element.

    >>> [1, 2, 3]|map:$$ * 10
    [10, 20, 30]
    >>> ["a", "b"]|map:{place: $index, letter: $this}
    [{"place": 0, "letter": "a"}, {"place": 1, "letter": "b"}]
    """
    return compiler.element_call(collections.map_elements, operand, call.arguments[0], call)


@filter_form("filter", "expression: expression")
def filter_(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """The elements for which an expression is true.

    >>> [1, 2, 3, 4]|filter:$$ % 2 == 0
    [2, 4]
    >>> {a: 1, b: 0}|filter:$$
    {"a": 1}
    """
    node = call.arguments[0]
    return compiler.element_call(collections.filter_elements, operand, node, call, condition=True)


@filter_form("some", "expression: expression")
def some(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """Whether an expression is true for any element.

    >>> [1, 2, 3]|some:$$ > 2
    true
    """
    return compiler.element_call(collections.some_elements, operand, call.arguments[0], call, condition=True)


@filter_form("every", "expression: expression")
def every(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """Whether an expression is true for all elements; true when there is none.

    >>> [1, 2, 3]|every:$$ > 2
    false
    >>> []|every:$$ > 2
    true
    """
    return compiler.element_call(collections.every_element, operand, call.arguments[0], call, condition=True)


@filter_form("find", "expression: expression")
def find(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """The first element for which an expression is true, or null.

    >>> [{id: 1}, {id: 2}]|find:$$.id == 2
    {"id": 2}
    >>> [1, 2]|find:$$ > 5
    null
    """
    return compiler.element_call(collections.find_element, operand, call.arguments[0], call, condition=True)


@filter_form("findIndex", "expression: expression")
def find_index(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """The position of the first element for which an expression is true, or null.

    >>> ["a", "b", "c"]|findIndex:$$ == "b"
    1
    """
    node = call.arguments[0]
    missing = constant(None, call)
    return compiler.element_call(collections.find_index, operand, node, call, missing, condition=True)


@filter_form("reduce", "expression: expression, initial?")
def reduce(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """One value out of a list: the expression sees what it gave before as `$result`, at first the second argument.

    Without a second argument `$result` begins at 0.

    >>> [1, 2, 3]|reduce:$$ + $result
    6
    >>> ["a", "b"]|reduce:$result ~ $$:">"
    ">ab"
    """
    node = call.arguments[0]
    initial = compiler.value(call.arguments[1]) if len(call.arguments) > 1 else constant(0, call)
    return compiler.element_call(collections.reduce_elements, operand, node, call, initial, result=True)


@filter_form("transform", "expression: expression")
def transform(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """What an expression gives for the piped value, which it sees as `$$`, and as `$0` in transforms inside it.

    `$1` is then the value of the transform inside; `$[-1]` the innermost one. `$this` is not bound.

    >>> 2|transform:$$ + 3
    5
    >>> {first: "Ann", last: "Lee"}|transform:$$.first ~ " " ~ $$.last
    "Ann Lee"
    """
    node = call.arguments[0]
    read = as_transform_reads(node)
    if isinstance(read, str):
        read = compiler.parse(read, node)
    parameter = compiler.scope.fresh("operand_")
    with compiler.scope.element({"$": parameter}, binds_this=False):
        body = compiler.value(read)
    transformed: ast.expr = place(ast.Call(function([parameter], body, node), [operand], []), call)
    return transformed


@filter_form("as", "name: name")
def as_(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """Name the piped value, for the filters that follow in the same statement.

    >>> [3, 4]|as:list|map:$$ * ($list|count)
    [6, 8]
    """
    chosen = name_given_by(call)
    if chosen is None or not chosen.isidentifier():
        hint = "write |as:name and use $name afterwards"
        raise compiler.refuse("XS404", "the filter `as` needs a name", filter_span(call), hint)
    kept = compiler.scope.fresh("named_")
    compiler.scope.named[chosen] = kept
    return bind(kept, operand, call)


@filter_form("to_expr")
def to_expr(compiler: Compiler, operand: ast.expr, call: FilterCall) -> ast.expr:
    """The value of an expression that is written in a text. It sees the variables and inputs, but no piped value.

    >>> "1 + 2 * 3"|to_expr
    7
    """
    identifier = compiler.linker.helper(evaluate_text)
    return quote_call(identifier, call, name("context", call), operand, compiler.program_environment(call))
