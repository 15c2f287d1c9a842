"""Going through the elements of a list or object with an expression: `map`, `filter`, `array.find` and their kin.

The expression comes as a Python function: of `$this`, where `positions` is False; of `$this`, `$index` and `$parent`,
where it needs more and `positions` is True; or, for the functions in `WHOLE`, of all elements, where `positions` is
None. An object keeps its keys, which are then what `$index` is (PHP has one array type); a stream is read to its end.
All elements count as steps of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import compress, repeat

from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.running.context import Context
from xsrun.values.conversion import Value, as_array, describe, normalize_object, to_text
from xsrun.values.digits import index_or_key
from xsrun.values.php_arrays import Identities

Function = Callable[..., Value]


class Elements(NamedTuple):
    """The elements of a value, their indexes, and what the expression gives for each, computed as it is asked for."""

    array: list[Value] | dict[str, Value]
    items: Sequence[Value]
    indexes: Iterable[Value]
    results: Iterable[Value]


def elements(context: Context, value: Value, function: Function, positions: bool | None) -> Elements:
    """Prepare going through a value. Raises when it is not a list, object or stream."""
    array = as_array(value)
    context.spend(len(array))
    if array.__class__ is list:
        items: Sequence[Value] = array
        indexes: Iterable[Value] = range(len(items))
    else:
        items = list(array.values())  # type: ignore[union-attr]
        indexes = [index_or_key(key) for key in array]
    if positions is None:
        return Elements(array, items, indexes, function(items))
    results = map(function, items, indexes, repeat(array)) if positions else map(function, items)
    return Elements(array, items, indexes, results)


def map_elements(context: Context, value: Value, function: Function, positions: bool | None) -> Value:
    """What the expression gives for every element."""
    array, _, _, results = elements(context, value, function, positions)
    if array.__class__ is list:
        return results if positions is None else list(results)
    return dict(zip(array, results, strict=True))


def filter_elements(context: Context, value: Value, function: Function, positions: bool | None) -> Value:
    """The elements for which the condition holds."""
    if positions is None and value.__class__ is dict:
        return filter_elements(context, value, lambda item: bool(function((item,))), False)
    array, items, _, results = elements(context, value, function, positions)
    if positions is None:
        return results
    if array.__class__ is list:
        return list(compress(items, results))
    return normalize_object(dict(compress(array.items(), results)))  # type: ignore[union-attr]


def count_elements(context: Context, value: Value, function: Function, positions: bool | None) -> int:
    """For how many elements the condition holds."""
    results = elements(context, value, function, positions).results
    return len(list(results)) if positions is None else sum(map(bool, results))


def some_elements(context: Context, value: Value, function: Function, positions: bool | None) -> bool:
    """Whether the condition holds for any element."""
    return any(elements(context, value, function, positions).results)


def every_element(context: Context, value: Value, function: Function, positions: bool | None) -> bool:
    """Whether the condition holds for all elements; true when there is none."""
    return all(elements(context, value, function, positions).results)


def find_element(context: Context, value: Value, function: Function, positions: bool | None) -> Value:
    """The first element for which the condition holds, or null."""
    _, items, _, results = elements(context, value, function, positions)
    return next(compress(items, results), None)


def find_index(context: Context, value: Value, function: Function, positions: bool | None, missing: Value) -> Value:
    """The index of the first element for which the condition holds, or `missing`."""
    _, _, indexes, results = elements(context, value, function, positions)
    return next(compress(indexes, results), missing)


def reduce_elements(
    context: Context, value: Value, function: Function, positions: bool | None, initial: Value
) -> Value:
    """Fold the elements: the function takes `$result`, what it gave before, in front of `$this`."""
    array, items, indexes, _ = elements(context, value, function, positions)
    result = initial
    if positions:
        for index, item in zip(indexes, items, strict=True):
            result = function(result, item, index, array)
    else:
        for item in items:
            result = function(result, item)
    return result


def partition_elements(context: Context, value: Value, function: Function, positions: bool | None) -> dict[str, Value]:
    """The elements for which the condition holds, and the others (semantics 12)."""
    _, items, _, results = elements(context, value, function, positions)
    parts: dict[str, Value] = {"true": [], "false": []}
    for item, holds in zip(items, results, strict=True):
        parts["true" if holds else "false"].append(item)
    return parts


def group_elements(context: Context, value: Value, function: Function, positions: bool | None) -> Value:
    """Lists of the elements by what the expression gives for them. A bool is the text `true` or `false`."""
    _, items, _, results = elements(context, value, function, positions)
    groups: dict[str, Value] = {}
    for item, key in zip(items, results, strict=True):
        if key.__class__ is list or key.__class__ is dict:
            raise XanoScriptError("Variable is not text.", hint=f"elements cannot be grouped by {describe(key)}")
        groups.setdefault(to_text(key), []).append(item)
    return normalize_object(groups)


# Sets ----------------------------------------------------------------------------------------------------------------


def union_elements(
    context: Context, value: Value, function: Function, positions: bool | None, other: Value
) -> list[Value]:
    """The elements of both lists, each identity once: the first that has it stays."""
    one, two = _identified(context, (value, other), function, positions)
    found: dict[Hashable, Value] = {}
    for item, identity in [*one, *two]:
        found.setdefault(identity, item)
    return list(found.values())


def without_elements(
    context: Context, value: Value, function: Function, positions: bool | None, other: Value
) -> list[Value]:
    """The elements whose identity no element of the other list has."""
    one, two = _identified(context, (value, other), function, positions)
    known = {identity for _, identity in two}
    return [item for item, identity in one if identity not in known]


def shared_elements(
    context: Context, value: Value, function: Function, positions: bool | None, other: Value
) -> list[Value]:
    """The elements whose identity an element of the other list has too."""
    one, two = _identified(context, (value, other), function, positions)
    known = {identity for _, identity in two}
    return [item for item, identity in one if identity in known]


def _identified(
    context: Context, values: tuple[Value, Value], function: Function, positions: bool | None
) -> list[list[tuple[Value, Hashable]]]:
    """The elements of two values, each with what the expression gives for it as something that can be compared."""
    prepared = [elements(context, value, function, positions) for value in values]
    results = [list(one.results) for one in prepared]  # alive until all are compared, as `Identities` asks
    identities = Identities()
    return [
        list(zip(one.items, map(identities.of, given), strict=True))
        for one, given in zip(prepared, results, strict=True)
    ]


#: What evaluates the expression for all elements in any case, so that it may do so at once: whether the function that
#: takes all elements gives those for which it holds, or else a result for each.
WHOLE = {map_elements: False, filter_elements: True, count_elements: True, partition_elements: False}
