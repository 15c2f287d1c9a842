"""The SQL that SQLAlchemy wrote, kept between runs as compiled code is: a function of the program and its tables.

A run whose statements were all written before does not load SQLAlchemy.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Hashable

from xsrun import cache
from xsrun.database.prepared import Computed, WrittenSql
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.database.backend import Backend


def written_once(backend: Backend, about: tuple[Hashable, ...], write: Callable[[], WrittenSql]) -> WrittenSql:
    """What `write` gives, from the cache if it was ever written for the same; `about` is all that decides it.

    What cannot be written is not kept: its error is told each time.
    """
    key = cache.digest(cache.fingerprint(), backend.dialect, repr(about))
    data = cache.read("sql", key)
    if data is not None:
        sql, slots, places, marks, computed = marshal.loads(data)
        return WrittenSql(sql, slots, places, marks, [Computed(*one) for one in computed])
    made = write()
    cache.write("sql", key, marshal.dumps((*made[:-1], [tuple(one) for one in made.computed])))
    return made
