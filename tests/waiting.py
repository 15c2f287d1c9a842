"""Waiting in tests: for a condition, for a thread, for a program that sleeps.

No test says how long a thing may take. What is waited for comes, or a time-out ends the hang; it is so long that a busy
machine never reaches it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Found = TypeVar("Found")

#: Seconds after which a test that waits has hung.
PATIENCE = 120.0
#: Seconds between two looks at a condition that no event tells of.
_STEP = 0.01


def until(find: Callable[[], Found], what: object = "") -> Found:
    """What `find` gives, as soon as that is true. `what` is shown when it never is."""
    for _ in range(round(PATIENCE / _STEP)):
        if found := find():
            return found
        time.sleep(_STEP)
    raise AssertionError(f"it never came: {str(what)[:2_000]}")


def wait_for(event: threading.Event) -> None:
    """Wait for an event that must come."""
    assert event.wait(PATIENCE), "the event never came"


def join(*threads: threading.Thread) -> None:
    """Wait for the end of threads that must end."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} does not end"


@contextmanager
def in_threads(*targets: Callable[[], object]) -> Iterator[None]:
    """Run functions in threads of their own beside the block; all must have ended after it."""
    threads = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    yield
    join(*threads)


class Gate:
    """Takes the place of `Workspace.sleep`: a program that sleeps stands here until the test opens the gate."""

    def __init__(self) -> None:
        #: for how long programs wanted to sleep, in their order
        self.seconds: list[float] = []
        self._arrived = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._arrived.release()
        wait_for(self._open)

    def wait_until_asleep(self, programs: int = 1) -> None:
        """Wait until so many more programs stand at the gate."""
        for _ in range(programs):
            assert self._arrived.acquire(timeout=PATIENCE), "too few programs sleep"

    def open(self) -> None:
        """Let all go on, also those that come later."""
        self._open.set()
