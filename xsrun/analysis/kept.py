"""Problems that are kept between runs: a program whose texts did not change is not parsed again."""

from __future__ import annotations

import marshal
from collections.abc import Mapping

from xsrun import cache
from xsrun.analysis import check_sources
from xsrun.diagnostics import Diagnostic

_FIELDS = Diagnostic.__match_args__


def check_kept(sources: Mapping[str, str]) -> list[Diagnostic]:
    """What `check_sources` says, from the cache if these texts were checked before."""
    key = cache.digest(cache.fingerprint(), *(part for entry in sources.items() for part in entry))
    data = cache.read("check", key)
    if data is not None:
        try:
            return [Diagnostic(*values) for values in marshal.loads(data)]
        except (ValueError, TypeError, EOFError) as error:
            cache.discard("check", key, error)
    found = check_sources(sources)
    cache.write("check", key, marshal.dumps([tuple(getattr(one, name) for name in _FIELDS) for one in found]))
    return found
