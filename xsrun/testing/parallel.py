"""Running tests in several processes, each with the workspace loaded once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from multiprocessing.util import Finalize

from xsrun.hints import NamedTuple
from xsrun.records import replace
from xsrun.testing.cases import Case
from xsrun.testing.report import Outcome
from xsrun.testing.runner import prepared, run_case
from xsrun.testing.sandbox import Sandbox
from xsrun.testing.selection import Selection
from xsrun.workspace.construct import Construct
from xsrun.workspace.workspace import LoadedWorkspace

#: Opens the workspace whose tests run. It goes to the processes, so it is a function of a module or a `partial` of one.
Opener = Callable[[], AbstractContextManager[LoadedWorkspace]]


class _Worker(NamedTuple):
    """What a process needs for each of its tests."""

    sandbox: Sandbox
    cases: list[Case]
    trace: bool


_worker: _Worker | None = None


def outcomes_of(
    opener: Opener, constructs: list[Construct], processes: int, selection: Selection, *, trace: bool
) -> Generator[Outcome, None, None]:
    """The outcomes of the selected tests of a workspace, in their order, from several processes.

    Who stops listening ends them: tests that have not begun do not run.
    """
    count = len(selection.cases(constructs))
    pool = ProcessPoolExecutor(
        min(processes, count) or 1,
        mp_context=multiprocessing.get_context("spawn"),  # a fork would share connections and threads
        initializer=_begin,
        initargs=(opener, selection, trace),
    )
    try:
        yield from pool.map(_run, range(count))
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(opener: Opener, selection: Selection, trace: bool) -> None:
    """Load the workspace in a new process; it is closed when the process ends."""
    global _worker
    ending = ExitStack()
    Finalize(None, ending.close, exitpriority=10)
    workspace = ending.enter_context(opener())
    sandbox = ending.enter_context(prepared(workspace, selection.kind))
    _worker = _Worker(sandbox, selection.cases(workspace.constructs), trace)


def _run(number: int) -> Outcome:
    assert _worker is not None
    return _portable(run_case(_worker.sandbox, _worker.cases[number], trace=_worker.trace))


def _portable(outcome: Outcome) -> Outcome:
    """An outcome without what cannot go from process to process: errors, and values other than JSON."""
    outcome.error = None
    outcome.warnings = [getattr(one, "message", str(one)) for one in outcome.warnings]
    outcome.logs = [replace(one, value=one.text) for one in outcome.logs]
    for one in outcome.expectations:
        one.expected = one.actual = None
    return outcome
