"""Filters that set two lists or objects against each other, or put them together."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from xsrun.errors import LimitError
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.values.conversion import Value
from xsrun.values.extent import TOO_DEEP
from xsrun.values.php_arrays import (
    Array,
    Identities,
    as_array_value,
    entries_of,
    kept,
    members,
    renumbered,
    whole_key,
    with_appended,
)

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.inlining import FilterUse

# Differences ---------------------------------------------------------------------------------------------------------


#: What a key that is a whole number begins with.
_NUMBER_STARTS = frozenset("-0123456789")


@filter("diff")
def diff(piped: list[Value] | dict[str, Value], value: list[Value] | dict[str, Value]) -> Array:
    """The members that the other list does not have, compared as texts: 2 and "2" are the same.

    >>> [1, 2, 3, 4]|diff:[3, 2]
    [1, 4]
    """
    identities = Identities()
    others = {identities.of(item) for item in members(value)}
    return kept(piped, lambda item: identities.of(item) not in others)


@filter("intersect")
def intersect(piped: list[Value] | dict[str, Value], value: list[Value] | dict[str, Value]) -> Array:
    """The members that the other list has too, compared as texts.

    >>> [1, 2, 3, 4]|intersect:[3, 2]
    [2, 3]
    """
    identities = Identities()
    others = {identities.of(item) for item in members(value)}
    return kept(piped, lambda item: identities.of(item) in others)


@filter("diff_assoc")
def diff_assoc(piped: list[Value] | dict[str, Value], value: list[Value] | dict[str, Value]) -> Array:
    """The members that the other does not have under the same key; in a list the position is the key.

    >>> {a: 1, b: 2}|diff_assoc:{b: 2}
    {"a": 1}
    >>> ["x", "y"]|diff_assoc:["x", "z"]
    ["y"]
    """
    return _kept_by_key(piped, value, lambda same: not same)


@filter("intersect_assoc")
def intersect_assoc(piped: list[Value] | dict[str, Value], value: list[Value] | dict[str, Value]) -> Array:
    """The members that the other has too under the same key; in a list the position is the key.

    >>> {a: 1, b: 2}|intersect_assoc:{b: 2}
    {"b": 2}
    """
    return _kept_by_key(piped, value, lambda same: same)


def _kept_by_key(value: Array, other: Array, wanted: Callable[[bool], bool]) -> Array:
    """The entries whose being in the other is wanted. The positions of a list close up."""
    identities = Identities()
    others = {key: identities.of(item) for key, item in entries_of(other)}
    result = {
        key: item for key, item in entries_of(value) if wanted(key in others and others[key] == identities.of(item))
    }
    return list(result.values()) if isinstance(value, list) else as_array_value(result)


# Merging -------------------------------------------------------------------------------------------------------------


def _merge_in_line(use: FilterUse) -> ast.expr | None:
    """Two lists as one; the members of a list literal without the list."""
    if len(use.values) != 2:
        return None
    members = use.members(1)
    if members is None:
        return use.made("[*A, *B]", use.test(0, "list"), use.test(1, "list"))
    return use.made(f"[{', '.join(('*A', *members))}]", "A.__class__ is list", guarded=1, parts=members)


@filter("merge", counted=False, result="merged", inline=_merge_in_line)
def merge(
    piped: list[Value] | dict[str, Value], value: list[Value] | dict[str, Value], *more: list[Value] | dict[str, Value]
) -> Array:
    """Two or more lists as one, or objects as one where the later ones win. Only the first level is merged.

    Keys that are whole numbers are positions, as in PHP: they are counted anew.

    >>> [1, 2]|merge:[3]
    [1, 2, 3]
    >>> {a: 1, b: 2}|merge:{b: 9}
    {"a": 1, "b": 9}
    """
    if piped.__class__ is value.__class__ is dict and not more:
        merged = {**piped, **value}
        if "".join(merged).replace("_", "").isalpha() or all(map(str.isidentifier, merged)):  # the first tells faster
            return merged
    arrays = [piped, value, *more]
    if all(isinstance(array, list) for array in arrays):
        return [item for array in arrays for item in array]
    return renumbered_in_turn(arrays)


def renumbered_in_turn(arrays: list[Array]) -> Array:
    """PHP's array_merge: text keys are overwritten, whole keys follow each other from 0."""
    if not any(key.__class__ is not str or key[:1] in _NUMBER_STARTS for key in chain(*arrays)):
        return dict(chain.from_iterable(map(entries_of, arrays)))
    result: dict[str, Value] = {}
    position = 0
    for array in arrays:
        for key, item in entries_of(array):
            if whole_key(key) is None:
                result[key] = item
            else:
                result[str(position)] = item
                position += 1
    return as_array_value(result)


@filter("merge_recursive", counted=False)
def merge_recursive(
    context: Context,
    piped: list[Value] | dict[str, Value],
    value: list[Value] | dict[str, Value],
    *more: list[Value] | dict[str, Value],
) -> Array:
    """Two or more lists or objects as one on every level: what both have under a key is merged, or put into one list.

    >>> {a: {b: 1, l: [1]}}|merge_recursive:{a: {c: 2, l: [2]}}
    {"a": {"b": 1, "l": [1, 2], "c": 2}}
    >>> {k: 1}|merge_recursive:{k: 2}
    {"k": [1, 2]}
    """
    merger = _Merger(context)
    result: Array = piped
    try:
        for array in (value, *more):
            result = merger.merged(result, array)
    except RecursionError:
        raise LimitError(TOO_DEEP) from None
    return result


class _Merger:
    """Merges on all levels, and counts what it writes. Two members that meet again are not merged again."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.written = 0
        #: by the `id` of both, with both, which live as long as this
        self._known: dict[tuple[int, int], tuple[Array, Array, Array]] = {}

    def merged(self, left: Array, right: Array) -> Array:
        known = self._known.get((id(left), id(right)))
        if known is None:
            known = left, right, self._merged(left, right)
            self._known[id(left), id(right)] = known
        return known[2]

    def _merged(self, left: Array, right: Array) -> Array:
        self.written += len(left) + len(right)
        self.context.check_size(self.written)
        if isinstance(left, list) and isinstance(right, list):
            return left + right
        result = dict(entries_of(left))
        appended = []
        for key, item in entries_of(right):
            if whole_key(key) is not None:
                appended.append(item)
            elif key in result:
                result[key] = self.combined(result[key], item)
            else:
                result[key] = item
        return renumbered([*result.items(), *(("0", item) for item in appended)])

    def combined(self, left: Value, right: Value) -> Array:
        """What becomes of two values under one key."""
        first: Array = left if isinstance(left, list | dict) else [left]
        return self.merged(first, right) if isinstance(right, list | dict) else with_appended(first, right)
