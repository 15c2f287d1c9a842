"""`array.*`: lists in variables, and searching, mapping and grouping them (semantics 6).

In a condition or `by` expression `$this` is the element, `$index` its position and `$parent` the whole list. Objects
and streams can be gone through as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun.evaluator.generated import collections
from xsrun.evaluator.quasiquote import assign, constant, expression, name, statement_position, statements
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.syntax.nodes import Expression, ListLiteral, Statement, Variable
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

# Changing the list in a variable -------------------------------------------------------------------------------------


@statement_form("array.push", "value", changes_target=True)
def push(compiler: Compiler, node: Statement) -> None:
    """Add a value at the end of the list in a variable or path.

    >>> var $list { value = [1] }
    ... array.push $list { value = 2 }
    {"list": [1, 2]}
    """
    compiler.append(compiler.target(node), [compiler.needed(node, "value")], statement_position(node))


@statement_form("array.unshift", "value", changes_target=True)
def unshift(compiler: Compiler, node: Statement) -> None:
    """Add a value in front of the list in a variable or path.

    >>> var $list { value = [1] }
    ... array.unshift $list { value = 0 }
    {"list": [0, 1]}
    """
    at, target = statement_position(node), compiler.target(node)
    value = compiler.value(compiler.needed(node, "value"))
    root, _ = compiler.changeable(target)
    item, items = compiler.held(value, at, root), compiler.list_in_place(target, at)
    compiler.count_moved(items, at)
    compiler.emit(statements("context.check_size(len(L) + 1)\nL.insert(0, T)", at, L=items, T=item))


@statement_form("array.merge", "value?", changes_target=True, editor_needs="value")
def merge(compiler: Compiler, node: Statement) -> None:
    """Add the elements of a list, or a single value, at the end of the list in a variable or path.

    >>> var $list { value = [1] }
    ... array.merge $list { value = [2, 3] }
    ... array.merge $list { value = 4 }
    {"list": [1, 2, 3, 4]}
    """
    at, target = statement_position(node), compiler.target(node)
    value = compiler.value(compiler.attribute(node, "value") or ListLiteral([]).at(node, node))
    root, _ = compiler.changeable(target)
    template = (
        "if T.__class__ is list:\n    context.check_size(len(L) + len(T))\n    L.extend(T)\n"
        "else:\n    context.check_size(len(L) + 1)\n    L.append(T)"
    )
    item, items = compiler.held(value, at, root), compiler.list_in_place(target, at)
    compiler.emit(statements(template, at, L=items, T=item))


@statement_form("array.pop", changes_target=True)
def pop(compiler: Compiler, node: Statement) -> None:
    """Remove the last element of the list in a variable or path and bind it; null when the list is empty.

    >>> var $list { value = [1, 2] }
    ... array.pop $list as $last
    {"list": [1], "last": 2}
    """
    take(compiler, node, "L.pop() if L else None")


@statement_form("array.shift", changes_target=True)
def shift(compiler: Compiler, node: Statement) -> None:
    """Remove the first element of the list in a variable or path and bind it; null when the list is empty.

    >>> var $list { value = [1, 2] }
    ... array.shift $list as $first
    {"list": [2], "first": 1}
    """
    take(compiler, node, "L.pop(0) if L else None", moves=True)


def take(compiler: Compiler, node: Statement, template: str, *, moves: bool = False) -> None:
    """Remove an element from the target and bind it; `moves`: all others move for it."""
    at = statement_position(node)
    taken = compiler.scope.fresh("taken_")
    target = compiler.target(node)
    items = compiler.list_in_place(target, at, starts=False)
    if moves:
        compiler.count_moved(items, at)
    compiler.emit(assign(taken, compiler.released(target, expression(template, at, L=items), at), at))
    if node.result is not None:
        compiler.bind(node.result, name(taken, at), at)


# Searching -----------------------------------------------------------------------------------------------------------


def emit_search(compiler: Compiler, node: Statement, helper: Callable[..., Value], *more: ast.expr) -> None:
    """A statement with an `if (...)` clause over the elements of its header."""
    at = statement_position(node)
    assert node.condition is not None
    value = compiler.value(compiler.target(node))
    made = compiler.element_call(helper, value, node.condition, at, *more, condition=True, stored=True)
    compiler.bind_result(node, made)


@statement_form("array.find")
def find(compiler: Compiler, node: Statement) -> None:
    """The first element for which the condition holds, or null.

    >>> array.find ([3, 8, 9]) if ($this > 5) as $found
    {"found": 8}
    """
    emit_search(compiler, node, collections.find_element)


@statement_form("array.find_index")
def find_index(compiler: Compiler, node: Statement) -> None:
    """The position of the first element for which the condition holds, or -1.

    >>> array.find_index ([3, 8, 9]) if ($this > 5) as $at
    ... array.find_index ([3, 8, 9]) if ($this > 50) as $none
    {"at": 1, "none": -1}
    """
    emit_search(compiler, node, collections.find_index, constant(-1, statement_position(node)))


@statement_form("array.has")
def has(compiler: Compiler, node: Statement) -> None:
    """Whether the condition holds for any element.

    >>> array.has (["a", "b"]) if ($this == "b") as $has
    {"has": true}
    """
    emit_search(compiler, node, collections.some_elements)


@statement_form("array.every")
def every(compiler: Compiler, node: Statement) -> None:
    """Whether the condition holds for all elements; true for an empty list.

    >>> array.every ([3, 8]) if ($this > 5) as $all
    {"all": false}
    """
    emit_search(compiler, node, collections.every_element)


@statement_form("array.filter")
def filter_(compiler: Compiler, node: Statement) -> None:
    """The elements for which the condition holds.

    >>> array.filter ([3, 8, 9]) if ($this > 5 && $index > 1) as $kept
    {"kept": [9]}
    """
    emit_search(compiler, node, collections.filter_elements)


@statement_form("array.filter_count")
def filter_count(compiler: Compiler, node: Statement) -> None:
    """For how many elements the condition holds.

    >>> array.filter_count ([3, 8, 9]) if ($this > 5) as $count
    {"count": 2}
    """
    emit_search(compiler, node, collections.count_elements)


@statement_form("array.partition")
def partition(compiler: Compiler, node: Statement) -> None:
    """An object of two lists: under `true` the elements for which the condition holds, under `false` the others.

    >>> array.partition ([3, 8, 9]) if ($this > 5) as $parts
    {"parts": {"true": [8, 9], "false": [3]}}
    """
    emit_search(compiler, node, collections.partition_elements)


# Mapping and sets ----------------------------------------------------------------------------------------------------


def emit_over(
    compiler: Compiler, node: Statement, helper: Callable[..., Value], by: Expression | None, *more: ast.expr
) -> None:
    """A statement with an expression over the elements of its header; without one, the elements themselves count."""
    value = compiler.value(compiler.target(node))
    chosen = by if by is not None else Variable("this").at(node, node)
    compiler.bind_result(node, compiler.element_call(helper, value, chosen, statement_position(node), *more))


@statement_form("array.map", "value?, by?")
def map_(compiler: Compiler, node: Statement) -> None:
    """What the `by` expression gives for each element.

    >>> array.map ([{id: 1, n: "a"}, {id: 2, n: "b"}]) {
    ...   by = { key: $this.id, at: $index }
    ... } as $made
    {"made": [{"key": 1, "at": 0}, {"key": 2, "at": 1}]}
    """
    by = compiler.attribute(node, "by") or compiler.attribute(node, "value")
    emit_over(compiler, node, collections.map_elements, by)


@statement_form("array.group_by", "by?")
def group_by(compiler: Compiler, node: Statement) -> None:
    """Lists of the elements under what the `by` expression gives for them. Booleans are the keys `true` and `false`.

    >>> array.group_by ([{n: 1, c: "x"}, {n: 2, c: "y"}, {n: 3, c: "x"}]) {
    ...   by = $this.c
    ... } as $groups
    {"groups": {"x": [{"n": 1, "c": "x"}, {"n": 3, "c": "x"}], "y": [{"n": 2, "c": "y"}]}}
    """
    emit_over(compiler, node, collections.group_elements, compiler.attribute(node, "by"))


def emit_set(compiler: Compiler, node: Statement, helper: Callable[..., Value]) -> None:
    """A statement that compares the elements of two lists by the `by` expression."""
    other = compiler.value(compiler.attribute(node, "value"))
    emit_over(compiler, node, helper, compiler.attribute(node, "by"), other)


@statement_form("array.union", "value?, by?")
def union(compiler: Compiler, node: Statement) -> None:
    """The elements of both lists, each once; `by` says what makes two elements the same.

    >>> array.union ([1, 2, 2]) {
    ...   value = [2, 3]
    ... } as $both
    {"both": [1, 2, 3]}
    """
    emit_set(compiler, node, collections.union_elements)


@statement_form("array.difference", "value?, by")
def difference(compiler: Compiler, node: Statement) -> None:
    """The elements that the other list does not have; `by` says what makes two elements the same.

    >>> array.difference ([{id: 1}, {id: 2}]) {
    ...   value = [{id: 2, n: "b"}]
    ...   by = $this.id
    ... } as $left
    {"left": [{"id": 1}]}
    """
    emit_set(compiler, node, collections.without_elements)


@statement_form("array.intersection", "value?, by?")
def intersection(compiler: Compiler, node: Statement) -> None:
    """The elements that the other list has too; `by` says what makes two elements the same.

    >>> array.intersection ([1, 2, 3]) {
    ...   value = [3, 2]
    ... } as $common
    {"common": [2, 3]}
    """
    emit_set(compiler, node, collections.shared_elements)
