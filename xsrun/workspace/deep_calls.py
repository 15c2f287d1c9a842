"""Room for programs whose calls may nest deeper than Python's usual limit allows.

Python counts every call against one limit for the whole process, calls that take some of the machine's stack (a value
compared member by member) as much as those that take none (a program's own). So a limit that leaves room for very deep
programs lets a deeply nested value overflow the stack, which Python 3.11 does not notice before the process crashes. A
program that asks for more than the usual depth therefore runs on a thread whose stack is large enough for all of it,
and the limit is as it was once no such program runs any more.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from xsrun.hints import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")

#: Python frames for each call of a program, at most.
_FRAMES_PER_CALL = 6
#: What a run needs apart from its calls.
_FRAMES_AROUND = 1_000
#: The frames that every thread has room for; 1,000 calls, the usual limit, need no more.
_USUAL = 1_000 * _FRAMES_PER_CALL + _FRAMES_AROUND
#: How many nested calls `--limit depth=0`, no limit, has room for.
_UNLIMITED = 10_000
#: Bytes of the machine's stack for a frame: a list in a list takes 600 to 1,000 to compare.
_BYTES_PER_FRAME = 4_096
#: Bytes of stack of a thread that runs programs; some systems give threads a few hundred kilobytes.
USUAL_STACK = _USUAL * _BYTES_PER_FRAME
#: More than this is not asked of the machine; beyond it a program ends with "Calls or values are nested too deep".
_MOST_FRAMES = 1 << 18

_lock = threading.Lock()
#: what the programs that run now need, and the limit that holds without them
_needed: list[int] = []
_usual = 0


def frames_for(depth: int | None) -> int:
    """The Python frames for so many nested calls, for `with_room`."""
    calls = _UNLIMITED if depth is None else min(depth, _MOST_FRAMES)
    return min(calls * _FRAMES_PER_CALL + _FRAMES_AROUND, _MOST_FRAMES)


def fit_any_thread(depth: int | None) -> bool:
    """Has every thread room for so many nested calls?"""
    return frames_for(depth) <= _USUAL


def with_room(
    frames: int, function: Callable[Arguments, Found], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Found:
    """Call a function that may need so many Python frames; what it raises is raised here."""
    if frames <= _USUAL:
        _set_limit_at_least(_USUAL)
        return function(*arguments, **options)
    return _on_a_thread(frames, lambda: function(*arguments, **options))


def start_with_stack(thread: threading.Thread, size: int) -> None:
    """Start a thread whose stack has so many bytes."""
    with _lock:  # Python has one size for all threads that start
        before = threading.stack_size(size)
        try:
            thread.start()
        finally:
            threading.stack_size(before)


def _set_limit_at_least(frames: int) -> None:
    if sys.getrecursionlimit() < frames:
        sys.setrecursionlimit(frames)


def _on_a_thread(frames: int, function: Callable[[], Found]) -> Found:
    found: list[Found] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            found.append(function())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work, name="xsrun-deep", daemon=True)  # an interrupt ends the process
    _begin(frames)
    try:
        start_with_stack(thread, frames * _BYTES_PER_FRAME)
        thread.join()
    finally:
        _end(frames)
    if raised:
        raise raised[0]
    return found[0]


def _begin(frames: int) -> None:
    global _usual
    with _lock:
        if not _needed:
            _usual = sys.getrecursionlimit()
        _needed.append(frames)
        _set_limit_at_least(frames)


def _end(frames: int) -> None:
    with _lock:
        _needed.remove(frames)
        sys.setrecursionlimit(max([_usual, *_needed]))
