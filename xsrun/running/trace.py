"""The trace of a run: every statement with its line, its time and the value it left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xsrun.records import record
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.running.secrets import Secrets

#: Characters of a value that a trace keeps.
SHOWN = 200


@record
class TraceEntry:
    """One executed statement. `depth` counts calls from 0; `seconds` includes what it called."""

    statement: str
    file: str
    line: int
    depth: int
    seconds: float
    value: str


class Trace:
    """Collects entries while a run goes on.

    Secrets are masked: sensitive inputs and auth tokens wherever they show, others where their names say that they are.
    """

    def __init__(self) -> None:
        self.entries: list[TraceEntry] = []
        self.depth = 0
        self.file = ""
        #: those of the run; None while it knows none
        self.secrets: Secrets | None = None

    def start(self, statement: str, line: int) -> tuple[int, float]:
        """Note that a statement begins; returns what `end` needs. One that raises is never ended."""
        self.entries.append(TraceEntry(statement, self.file, line, self.depth, 0.0, ""))
        return len(self.entries) - 1, time.perf_counter()

    def end(self, started: tuple[int, float], value: Value) -> None:
        """Note that the statement has ended, with the value it left."""
        index, begun = started
        entry = self.entries[index]
        entry.seconds = time.perf_counter() - begun
        entry.value = self.show(value)

    @contextmanager
    def inside(self, file: str) -> Iterator[None]:
        """What is noted meanwhile happens in a construct of this file, one call deeper."""
        caller, self.file = self.file, file
        self.depth += 1
        try:
            yield
        finally:
            self.file = caller
            self.depth -= 1

    def show(self, value: Value) -> str:
        """A value as cut and masked text; empty for null."""
        if value is None:
            return ""
        from xsrun.running.masking import masked_members
        from xsrun.running.secrets import NOTHING
        from xsrun.values.conversion import to_json

        shown = beginning(value, [SHOWN])
        text = to_json(masked_members(shown, self.secrets or NOTHING, lines=True))
        return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def beginning(value: Value, left: list[int]) -> Value:
    """A copy of the first members of a value, as many as are `left`: each takes a character of its JSON at least.

    So a step costs no more than what is shown of it, however large its value is, and however often it holds the same.
    """
    if value.__class__ is list:
        part = []
        for item in value:
            if left[0] <= 0:
                break
            left[0] -= 1
            part.append(beginning(item, left))
        return part
    if value.__class__ is dict:
        entries = {}
        for key, item in value.items():
            if left[0] <= 0:
                break
            left[0] -= 1
            entries[key] = beginning(item, left)
        return entries
    return value
