"""`redis.*`: the cache (semantics 6). It is the workspace's own unless the user names a server.

`package_key` has no effect: statements that have it and statements that lack it reach the same keys.
"""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.cache import Cache
from xsrun.values.conversion import Value

# Values --------------------------------------------------------------------------------------------------------------


def cache_of(context: Context) -> Cache:
    """The cache of the run's workspace."""
    cache: Cache = context.service("cache")
    return cache


@statement("redis.set", spellings={"value": "data"}, editor_needs="ttl")
def set_(
    context: Context,
    key: str,
    data: Value = None,
    ttl: int = 0,
    create_only: bool = False,
    value: Value = None,
    expire: int = 0,
) -> bool:
    """Store a value under a key, for `ttl` seconds (0: forever). With `create_only`, only if the key is new.

    `value` and `expire` are other spellings of `data` and `ttl`.

    >>> redis.set {
    ...   key = "colour"
    ...   data = { name: "red" }
    ...   ttl = 60
    ... }
    ... redis.get { key = "colour" } as $found
    {"found": {"name": "red"}}

    >>> redis.set { key = "n", data = 1 }
    ... redis.set { key = "n", data = 2, create_only = true }
    ... redis.get { key = "n" } as $n
    {"n": 1}
    """
    return cache_of(context).set(key, value if data is None else data, ttl or expire, create_only=create_only)


@statement("redis.get")
def get(context: Context, key: str) -> Value:
    """The value of a key; false when there is none.

    >>> redis.get { key = "nothing here" } as $found
    {"found": false}
    """
    return cache_of(context).get(key)


@statement("redis.has")
def has(context: Context, key: str) -> bool:
    """Whether a key has a value.

    >>> redis.has { key = "nothing here" } as $has
    {"has": false}
    """
    return cache_of(context).has(key)


@statement("redis.del")
def del_(context: Context, key: str) -> bool:
    """Forget a key.

    >>> redis.set { key = "k", data = 1 }
    ... redis.del { key = "k" }
    ... redis.has { key = "k" } as $has
    {"has": false}
    """
    return cache_of(context).delete(key)


@statement("redis.incr", editor_needs="by")
def incr(context: Context, key: str, by: int = 1, package_key: Value = None) -> int:
    """Add to the number of a key, which is 0 at first; binds the new number.

    >>> redis.incr { key = "visits", by = 2 } as $first
    ... redis.incr { key = "visits", by = 3 } as $second
    {"first": 2, "second": 5}
    """
    return cache_of(context).add(key, by)


@statement("redis.decr", editor_needs="by")
def decr(context: Context, key: str, by: int = 1) -> int:
    """Take from the number of a key, which is 0 at first; binds the new number.

    >>> redis.set { key = "stock", data = 5 }
    ... redis.decr { key = "stock", by = 2 } as $left
    {"left": 3}
    """
    return cache_of(context).add(key, -by)


@statement("redis.keys")
def keys(context: Context, search: str) -> list[Value]:
    """The keys that a pattern with `*` and `?` matches, sorted.

    >>> redis.set { key = "user_2", data = 1 }
    ... redis.set { key = "user_1", data = 1 }
    ... redis.keys { search = "user_*" } as $keys
    {"keys": ["user_1", "user_2"]}
    """
    return list(cache_of(context).keys(search))


@statement("redis.ratelimit")
def ratelimit(context: Context, key: str, max: int, ttl: int, error: str | None = None) -> bool:
    """Count a use of a key: true as long as there are no more than `max` within `ttl` seconds.

    Past that, an `error` is raised as 429, and without one the result is false.

    >>> redis.ratelimit { key = "caller", max = 1, ttl = 60 } as $first
    ... redis.ratelimit { key = "caller", max = 1, ttl = 60 } as $second
    {"first": true, "second": false}
    """
    if cache_of(context).count_up(key, ttl) <= max:
        return True
    if error:
        raise XanoScriptError(error, code="ERROR_CODE_TOO_MANY_REQUESTS", payload="", result="")
    return False


# Lists ---------------------------------------------------------------------------------------------------------------


@statement("redis.push")
def push(context: Context, key: str, value: Value, package_key: Value = None) -> int:
    """Add a value at the end of a list; binds the new length.

    >>> redis.push { key = "jobs", value = { id: 1 } } as $length
    ... redis.range { key = "jobs", start = 0, stop = -1 } as $jobs
    {"length": 1, "jobs": [{"id": 1}]}
    """
    return cache_of(context).push(key, value)


@statement("redis.unshift")
def unshift(context: Context, key: str, value: Value) -> int:
    """Add a value in front of a list; binds the new length.

    >>> redis.push { key = "jobs", value = 1 }
    ... redis.unshift { key = "jobs", value = 0 } as $length
    ... redis.range { key = "jobs", start = 0, stop = -1 } as $jobs
    {"length": 2, "jobs": [0, 1]}
    """
    return cache_of(context).push(key, value, front=True)


@statement("redis.pop")
def pop(context: Context, key: str, count: int | None = None) -> Value:
    """Remove and bind the last value of a list, false when there is none; with `count`, a list of so many.

    >>> redis.push { key = "jobs", value = "a" }
    ... redis.pop { key = "jobs" } as $job
    ... redis.pop { key = "jobs" } as $none
    {"job": "a", "none": false}
    """
    return cache_of(context).take(key, count)


@statement("redis.shift")
def shift(context: Context, key: str, count: int | None = None) -> Value:
    """Remove and bind the first value of a list, false when there is none; with `count`, a list of so many.

    >>> redis.push { key = "jobs", value = 1 }
    ... redis.push { key = "jobs", value = 2 }
    ... redis.push { key = "jobs", value = 3 }
    ... redis.shift { key = "jobs" } as $job
    ... redis.shift { key = "jobs", count = 5 } as $others
    {"job": 1, "others": [2, 3]}
    """
    return cache_of(context).take(key, count, front=True)


@statement("redis.range", editor_needs="start stop")
def range_(context: Context, key: str, start: int = 0, stop: int = -1) -> list[Value]:
    """The values of a list from one position to another, both included; negative ones count from the end.

    >>> redis.push { key = "log", value = "a" }
    ... redis.push { key = "log", value = "b" }
    ... redis.push { key = "log", value = "c" }
    ... redis.range { key = "log", start = -2, stop = -1 } as $latest
    {"latest": ["b", "c"]}
    """
    return cache_of(context).range(key, start, stop)


@statement("redis.count")
def count(context: Context, key: str) -> int:
    """The length of a list.

    >>> redis.count { key = "nothing here" } as $length
    {"length": 0}
    """
    return cache_of(context).count(key)


@statement("redis.remove", editor_needs="count")
def remove(context: Context, key: str, value: Value, count: int = 0) -> int:
    """Remove a value from a list: everywhere (0), the first so many times, or the last (negative).

    >>> redis.push { key = "names", value = "x" }
    ... redis.push { key = "names", value = "y" }
    ... redis.push { key = "names", value = "x" }
    ... redis.remove { key = "names", value = "x", count = 1 }
    ... redis.range { key = "names", start = 0, stop = -1 } as $names
    {"names": ["y", "x"]}
    """
    return cache_of(context).remove(key, value, count)
