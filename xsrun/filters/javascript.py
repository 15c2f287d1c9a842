"""The filters that take JavaScript: `lambda` and the array methods `lambda_map`, `lambda_filter` and their kin.

The code is the body of a function and must `return`. It sees the element as `$this`, its position as `$index`, the
whole list as `$parent`, in `lambda_reduce` the last result as `$result`, and what `api.lambda` sees. All elements run
in one request to the engine, `timeout` (seconds, 10 when left out) is for all of them together. What the body returns
is taken for true or false as in JavaScript. A body that throws ends the filter, and the text of its error is the
filter's value, as with `api.lambda` (semantics 6.2).
"""

from __future__ import annotations

from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.services.javascript import program
from xsrun.values.conversion import Value

Environment = dict[str, Value]


@filter("lambda")
def lambda_(
    context: Context, value: Value, code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """What JavaScript returns for the piped value, which it sees as `$this`.

    >>> "ebb"|lambda:"return $this.toUpperCase()"
    "EBB"
    """
    return program.call(context, code, timeout, environment, this=value)


@filter("lambda_map")
def lambda_map(
    context: Context, value: list[Value], code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """A list of what JavaScript returns for each element.

    >>> [4, 5]|lambda_map:"return $this * 10 + $index"
    [40, 51]
    """
    return program.each(context, "map", value, code, timeout, environment)


@filter("lambda_filter")
def lambda_filter(
    context: Context, value: list[Value], code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """The elements for which JavaScript returns something truthy.

    >>> [4, 5, 7]|lambda_filter:"return $this % 2"
    [5, 7]
    """
    return program.each(context, "filter", value, code, timeout, environment)


@filter("lambda_some")
def lambda_some(
    context: Context, value: list[Value], code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """Whether JavaScript returns something truthy for any element; it stops at the first.

    >>> [4, 5]|lambda_some:"return $this > 4"
    true
    """
    return program.each(context, "some", value, code, timeout, environment)


@filter("lambda_every")
def lambda_every(
    context: Context, value: list[Value], code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """Whether JavaScript returns something truthy for all elements; true for an empty list.

    >>> [4, 5]|lambda_every:"return $this > 4"
    false
    """
    return program.each(context, "every", value, code, timeout, environment)


@filter("lambda_find")
def lambda_find(
    context: Context, value: list[Value], code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """The first element for which JavaScript returns something truthy, null if there is none.

    >>> [{n: "oar"}, {n: "mast"}]|lambda_find:"return $this.n.length > 3"
    {"n": "mast"}
    """
    return program.each(context, "find", value, code, timeout, environment)


@filter("lambda_findIndex")
def lambda_find_index(
    context: Context, value: list[Value], code: str, timeout: float | None = None, *, environment: Environment
) -> Value:
    """The position of the first element for which JavaScript returns something truthy, -1 if there is none.

    >>> [4, 5, 7]|lambda_findIndex:"return $this === 7"
    2
    """
    return program.each(context, "findIndex", value, code, timeout, environment)


@filter("lambda_reduce")
def lambda_reduce(
    context: Context,
    value: list[Value],
    initial: Value,
    code: str,
    timeout: float | None = None,
    *,
    environment: Environment,
) -> Value:
    """What JavaScript returns for the last element; each call sees the result before it as `$result`.

    The initial value comes first and the code second, the opposite of `reduce`.

    >>> [4, 5]|lambda_reduce:100:"return $result - $this"
    91
    """
    return program.each(context, "reduce", value, code, timeout, environment, initial)
