"""What a run has done, step by step: the values that each statement found changed. So one can go back in it.

A step is a statement that begins. Of each call the values are kept only where they changed since its last step, as
copies of bounded size, and the oldest steps are given up when there are too many. Rows of a database, files and what
other machines were told are not among them: going back shows what was, it undoes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from xsrun.running.trace import beginning
from xsrun.values.conversion import Value

#: Steps, and members of lists and objects in all copies, that are kept; members that one value keeps.
MOST_STEPS, MOST_MEMBERS, MOST_OF_A_VALUE = 100_000, 4_000_000, 10_000

#: Stands for a variable that has no value.
ABSENT = object()
Change = tuple[int, Value]


class StepCall:
    """One call: what runs, who called it and from which line, and what its values were when."""

    def __init__(self, label: str, file: str, caller: StepCall | None, caller_line: int) -> None:
        self.label = label
        self.file = file
        self.caller = caller
        self.caller_line = caller_line
        #: by ("var" or "input", name): the steps at which the value changed, with the value from then on
        self.changes: dict[tuple[str, str], list[Change]] = {}
        #: the values themselves at its last step, to see whether they are still the same
        self._seen: dict[tuple[str, str], Value] = {}

    def note(self, step: int, values: Mapping[tuple[str, str], Value]) -> int:
        """Keep what has changed since its last step; returns how many members that takes."""
        taken = 0
        for key, value in values.items():
            known = self.changes.get(key)
            if known is not None and self._is_same(key, value, known[-1][1]):
                continue
            left = [MOST_OF_A_VALUE]
            kept = beginning(value, left)
            taken += MOST_OF_A_VALUE - left[0] + 1
            self.changes.setdefault(key, []).append((step, kept))
        for key in self._seen.keys() - values.keys():
            if self.changes[key][-1][1] is not ABSENT:
                self.changes[key].append((step, ABSENT))
        self._seen = dict(values)
        return taken

    def _is_same(self, key: tuple[str, str], value: Value, kept: Value) -> bool:
        if value.__class__ is list or value.__class__ is dict:  # may have been changed where it is
            return kept.__class__ is value.__class__ and kept == beginning(value, [MOST_OF_A_VALUE])
        before = self._seen.get(key, ABSENT)
        return before is value or (before.__class__ is value.__class__ and before == value)

    def values_at(self, step: int) -> dict[tuple[str, str], Value]:
        """What it held at a step."""
        found: dict[tuple[str, str], Value] = {}
        for key, changes in self.changes.items():
            place = bisect_right(changes, step, key=lambda change: change[0])
            if place and changes[place - 1][1] is not ABSENT:
                found[key] = changes[place - 1][1]
        return found

    def forget(self, first: int) -> None:
        """Give up what was before a step, all but the values it had there."""
        for key, changes in self.changes.items():
            place = bisect_right(changes, first, key=lambda change: change[0])
            if place > 1:
                self.changes[key] = changes[place - 1 :]


class RunStep:
    """A statement that began, or a response: where, in which call, at which depth."""

    __slots__ = ("call", "depth", "is_response", "line", "statement")

    def __init__(self, call: StepCall, line: int, depth: int, statement: str, is_response: bool) -> None:
        self.call = call
        self.line = line
        self.depth = depth
        self.statement = statement
        self.is_response = is_response

    def stack(self) -> Iterator[tuple[StepCall, int]]:
        """The calls around it with their lines, the innermost first."""
        yield self.call, self.line
        call = self.call
        while call.caller is not None:
            yield call.caller, call.caller_line
            call = call.caller


class RunRecord:
    """The steps of one run that are kept: those from `first` up to `end`."""

    def __init__(self, most_steps: int = MOST_STEPS, most_members: int = MOST_MEMBERS) -> None:
        self.first = 0
        self._steps: list[RunStep] = []
        self._most_steps, self._most_members = most_steps, most_members
        self._members = 0
        self._calls: list[StepCall] = []

    @property
    def end(self) -> int:
        """The number of the step that comes next."""
        return self.first + len(self._steps)

    def step(self, number: int) -> RunStep:
        return self._steps[number - self.first]

    def enter(self, call: StepCall) -> None:
        """A construct begins."""
        self._calls.append(call)

    def add(self, step: RunStep, values: Mapping[tuple[str, str], Value]) -> None:
        """Keep a step, with the values of its call at its beginning."""
        self._members += step.call.note(self.end, values)
        self._steps.append(step)
        if len(self._steps) > self._most_steps or self._members > self._most_members:
            self._forget(max(len(self._steps) // 4, 1))

    def _forget(self, count: int) -> None:
        """Give up the oldest steps. What members their copies took is taken as that part of all."""
        self._members -= self._members * count // len(self._steps)
        del self._steps[:count]
        self.first += count
        living = {id(call) for step in self._steps for call, _ in step.stack()}
        self._calls = [call for call in self._calls if id(call) in living]
        for call in self._calls:
            call.forget(self.first)
