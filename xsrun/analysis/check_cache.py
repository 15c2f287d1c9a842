"""Problems that are kept between runs: of a program only what was edited, or sees what was edited, is checked again."""

from __future__ import annotations

import gc
import marshal
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile

from xsrun import cache
from xsrun.diagnostics import Diagnostic
from xsrun.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsrun.analysis.session import CheckSession

#: Programs whose results are kept: each replaces what was kept of it before.
_MOST_KEPT = 1_000
#: The digest of a text and what its check gave (see `crew.PlainResult`).
_Kept = tuple[str, tuple[Any, ...]]
#: A program, what its results are kept under, the digests of its texts, and what is kept.
_Place = tuple[Mapping[str, str], str, dict[str, str], dict[str, _Kept]]


def check_programs(programs: Sequence[Mapping[str, str]]) -> list[Diagnostic]:
    """The problems of several programs, each checked by itself as `check_sources` does, program after program.

    What was checked before comes from the cache. Much that was not is shared among the processors.
    """
    with _uncollected():
        return [problem for problems in _problems(programs) for problem in problems]


def _problems(programs: Sequence[Mapping[str, str]]) -> list[list[Diagnostic]]:
    found: list[list[Diagnostic]] = []
    new: dict[int, _Place] = {}
    for place, program in enumerate(programs):
        key, digests = _place_of(program)
        kept = read_kept(key)
        if {name: digest for name, (digest, _) in kept.items()} == digests:
            found.append([Diagnostic(*one) for _, (_, result) in sorted(kept.items()) for one in result[2]])
        else:
            new[place] = program, key, digests, kept
            found.append([])
    if new:
        for place, session in zip(new, _checked([*new.values()]), strict=True):
            found[place] = session.all_diagnostics()
    return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage inside: what is read and made stays, and a tenth of the time went into the search."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def open_programs(programs: Sequence[Mapping[str, str]]) -> list[CheckSession]:
    """Programs to be edited, checked with what is kept of the last time."""
    with _uncollected():
        places = [(program, *_place_of(program)) for program in programs]
        return _checked([(program, key, digests, read_kept(key)) for program, key, digests in places])


def _checked(places: list[_Place]) -> list[CheckSession]:
    from xsrun.analysis.crew import update_all

    sessions = [_session(program, digests, kept) for program, _, digests, kept in places]
    changed = [bool(session.edited) for session in sessions]
    update_all(sessions)
    for session, (_, key, digests, _), is_new in zip(sessions, places, changed, strict=True):
        if is_new:
            _keep(session, key, digests)
    return sessions


def _place_of(program: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """What the results of a program are kept under, and the digests of its texts."""
    return _place_key(program), {name: cache.digest(text) for name, text in program.items()}


def _session(program: Mapping[str, str], digests: Mapping[str, str], kept: Mapping[str, _Kept]) -> CheckSession:
    """A program of which only what is not kept counts as edited."""
    from xsrun.analysis.crew import from_plain
    from xsrun.analysis.session import CheckSession

    session = CheckSession()
    for name, (digest, values) in kept.items():
        same = digests.get(name) == digest
        session.keep(name, program[name] if same else "", from_plain(values))
        if not same:
            session.edit(name, None)
    for name, text in program.items():
        session.edit(name, text)
    return session


def _place_key(program: Mapping[str, str]) -> str:
    """What the results of a program are kept under: where it is, whatever its texts are."""
    first, last = min(program, default=""), max(program, default="")
    pairs = zip(first.split("/"), last.split("/"), strict=False)
    top = "/".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return cache.digest(cache.fingerprint(), os.getcwd(), top)


def read_kept(key: str) -> dict[str, _Kept]:
    """What the last check of a program found, by the names of its texts; nothing when none is kept."""
    data = cache.read("check", key)
    kept: dict[str, _Kept] = {} if data is None else marshal.loads(data)
    return kept


def _keep(session: CheckSession, key: str, digests: Mapping[str, str]) -> None:
    from xsrun.analysis.crew import plain

    kept = {name: (digests[name], plain(result)) for name, result in session.results.items()}
    cache.write("check", key, marshal.dumps(kept), most=_MOST_KEPT)
