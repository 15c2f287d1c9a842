"""Checking many texts at once: each processor parses a share of them, is told what the others see, and checks it."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xsrun.analysis.interface import Answers, Interface, Question, Seen, View
from xsrun.analysis.session import CheckResult, CheckSession
from xsrun.diagnostics import Diagnostic
from xsrun.processors import available_processors

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

#: Characters of texts from which on several processes share the work: less is checked sooner than they start.
_SHARED_FROM = 200_000
#: Which program a text belongs to, by number, and its name in it.
_Place = tuple[int, str]
_FIELDS = Diagnostic.__match_args__

#: A result as plain values, which can be kept and sent.
PlainResult = tuple[tuple[tuple[Any, ...], ...], frozenset[Question], list[tuple[Any, ...]]]


def _plain_interface(interface: Interface) -> tuple[tuple[Any, ...], ...]:
    return tuple([tuple(seen) for seen in interface])


def plain(result: CheckResult) -> PlainResult:
    """A result as values that `marshal` takes."""
    found = [tuple([getattr(one, name) for name in _FIELDS]) for one in result.found]
    return _plain_interface(result.interface), result.asked, found


def from_plain(values: PlainResult) -> CheckResult:
    """The result that `plain` made these values of."""
    interface, asked, found = values
    return CheckResult(tuple([Seen(*one) for one in interface]), asked, [Diagnostic(*one) for one in found])


def update_all(sessions: Sequence[CheckSession]) -> None:
    """Check what was edited in some sessions: on all processors when it is much."""
    work = [(number, name) for number, one in enumerate(sessions) for name in one.edited if name in one.texts]
    sizes = {place: len(sessions[place[0]].texts[place[1]]) for place in work}
    workers = min(available_processors(), len(work))
    if workers > 1 and sum(sizes.values()) >= _SHARED_FROM:
        with _Crew(_shares(sizes, workers)) as crew:
            crew.check(sessions)
    for session in sessions:
        session.update()


def _shares(sizes: dict[_Place, int], workers: int) -> list[list[_Place]]:
    """The texts in as many parts of about the same size."""
    shares: list[list[_Place]] = [[] for _ in range(workers)]
    taken = [0] * workers
    for place in sorted(sizes, key=lambda place: (-sizes[place], place)):
        least = taken.index(min(taken))
        shares[least].append(place)
        taken[least] += sizes[place]
    return shares


class _Crew:
    """Processes with a share of the texts each. A share whose process ends early is checked by this one."""

    def __init__(self, shares: list[list[_Place]]) -> None:
        self.shares = shares
        self.ends: list[Connection | None] = []
        self.processes: list[BaseProcess] = []

    def __enter__(self) -> _Crew:
        import multiprocessing
        import threading

        from xsrun.analysis import check

        check.read("<text>", "")  # processes that begin as copies of this one have all modules then
        alone = threading.active_count() == 1  # a copy of one with threads may wait for ever for what they hold
        context = multiprocessing.get_context(None if alone else "spawn")
        for _ in self.shares:
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self.ends.append(ours)
            self.processes.append(process)
        return self

    def __exit__(self, *error: object) -> None:
        for end in self.ends:
            if end is not None:
                end.close()
        for process in self.processes:
            process.join()

    def check(self, sessions: Sequence[CheckSession]) -> None:
        """Both rounds: first all texts are read, then, when everybody knows what they declare, they are checked."""
        shares = list(enumerate(self.shares))
        for number, share in shares:
            self._send(number, [(place, name, sessions[place].texts[name]) for place, name in share])
        interfaces: list[dict[str, Interface]] = [{} for _ in sessions]
        for number, share in shares:
            for (place, name), values in zip(share, self._receive(number), strict=False):
                interfaces[place][name] = tuple([Seen(*one) for one in values])
        stale = {(place, name) for place, one in enumerate(sessions) for name in one.take_over(interfaces[place])}
        plain_ones = [{name: _plain_interface(seen) for name, seen in one.interfaces.items()} for one in sessions]
        for number, share in shares:
            self._send(number, {place: plain_ones[place] for place, _ in share})
        for number, share in shares:
            for (place, name), values in zip(share, self._receive(number), strict=False):
                sessions[place].put(name, from_plain(values))
                stale.discard((place, name))
        for place, name in sorted(stale):
            sessions[place].put(name, None)

    def _send(self, number: int, values: list[Any] | dict[int, Any]) -> None:
        end = self.ends[number]
        try:
            if end is not None:
                end.send_bytes(marshal.dumps(values))
        except OSError:
            self.ends[number] = None

    def _receive(self, number: int) -> list[Any]:
        """What a process made of its share, in order; nothing when it has ended."""
        end = self.ends[number]
        try:
            values: list[Any] = marshal.loads(end.recv_bytes()) if end is not None else []
        except (EOFError, OSError):
            self.ends[number] = None
            return []
        return values


def _work(end: Connection) -> None:
    """What one process of a crew does."""
    import gc

    from xsrun.analysis import check

    gc.disable()  # it ends before what it leaves lying about matters
    texts = [(place, check.read(name, text)) for place, name, text in marshal.loads(end.recv_bytes())]
    end.send_bytes(marshal.dumps([_plain_interface(text.interface()) for _, text in texts]))
    programs = {}
    for place, interfaces in marshal.loads(end.recv_bytes()).items():
        answers = programs[place] = Answers()
        for name, interface in interfaces.items():
            answers.replace(name, tuple([Seen(*one) for one in interface]))
    results = []
    for place, text in texts:
        view = View(programs[place])
        found = check.check_text(view, text)
        results.append(plain(CheckResult(programs[place].interface(text.name), frozenset(view.asked), found)))
    end.send_bytes(marshal.dumps(results))
