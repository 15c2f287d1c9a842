"""Problems that are kept between runs: a program whose texts did not change is not parsed again."""

from __future__ import annotations

import marshal
import os
from collections.abc import Mapping, Sequence

from xsrun import cache
from xsrun.diagnostics import Diagnostic

_FIELDS = Diagnostic.__match_args__


#: Characters of texts from which on several processes share the work: less is checked sooner than they start.
_SHARED_FROM = 400_000


def check_programs(programs: Sequence[Mapping[str, str]]) -> list[Diagnostic]:
    """The problems of several programs, each checked by itself as `check_sources` does, program after program.

    What was checked before comes from the cache. Much that was not is shared among the processors.
    """
    found = [read_kept(program) for program in programs]
    new = [place for place, problems in enumerate(found) if problems is None]
    new.sort(key=lambda place: -_size(programs[place]))
    workers = min(os.cpu_count() or 1, len(new))
    if workers > 1 and sum(_size(programs[place]) for place in new) >= _SHARED_FROM:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(workers) as pool:
            checked = list(pool.map(check_and_keep, [programs[place] for place in new]))
    else:
        checked = [check_and_keep(programs[place]) for place in new]
    for place, problems in zip(new, checked, strict=True):
        found[place] = problems
    return [problem for problems in found for problem in problems or ()]


def _size(program: Mapping[str, str]) -> int:
    return sum(map(len, program.values()))


def _key(sources: Mapping[str, str]) -> str:
    return cache.digest(cache.fingerprint(), *(part for entry in sources.items() for part in entry))


def read_kept(sources: Mapping[str, str]) -> list[Diagnostic] | None:
    """What `check_sources` said of these texts before, or None."""
    key = _key(sources)
    data = cache.read("check", key)
    return None if data is None else [Diagnostic(*values) for values in marshal.loads(data)]


def check_and_keep(sources: Mapping[str, str]) -> list[Diagnostic]:
    """What `check_sources` says, kept for the next time."""
    from xsrun.analysis import check_sources

    found = check_sources(sources)
    cache.write("check", _key(sources), marshal.dumps([tuple(getattr(one, name) for name in _FIELDS) for one in found]))
    return found
