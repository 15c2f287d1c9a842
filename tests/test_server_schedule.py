"""Tasks on their schedule, by a clock that goes on only while the schedule sleeps."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from waiting import Gate

import xsrun
from xsrun.server.application import Application
from xsrun.server.log import Log
from xsrun.server.schedule import Schedule
from xsrun.server.snapshot import Live

START = 1_800_000_000_000
LOG_THE_TIME = "    debug.log {\n      value = now\n    }"


def task(name: str, stack: str) -> str:
    """A task that is due every second."""
    schedule = "[{starts_on: 2024-01-01 00:00:00+0000, freq: 1}]"
    return f"task {name} {{\n  stack {{\n{stack}\n  }}\n  schedule = {schedule}\n}}\n"


class Rehearsal:
    """A schedule that runs for some seconds of its own clock, and what it printed.

    `patient`: the clock stands still while a task runs.
    """

    def __init__(self, text: str, *, patient: bool = True) -> None:
        self.now = START
        self.end = START
        self.patient = patient
        self.lines: list[str] = []
        self.workspace = xsrun.Workspace.from_sources({"task.xs": text}, clock=lambda: self.now)

    def run(self, seconds: int) -> None:
        self.end = self.now + seconds * 1000
        with suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    async def _run(self) -> None:
        application = Application(Live(self.workspace), log=Log(self.lines.append))
        self.schedule = Schedule(application, lambda: self.now, self._sleep)
        try:
            await self.schedule.run()
        finally:
            application.threads.close()

    async def _sleep(self, seconds: float) -> None:
        if self.patient:
            await asyncio.gather(*self.schedule._running.values())
        if self.now >= self.end:
            raise asyncio.CancelledError
        self.now += max(round(seconds * 1000), 1)


def test_a_task_runs_whenever_it_is_due() -> None:
    rehearsal = Rehearsal(task("tick", LOG_THE_TIME))
    rehearsal.run(seconds=4)
    logged = [line.rpartition(" ")[2] for line in rehearsal.lines if line.startswith("  log: ")]
    assert logged == [str(START + second * 1000) for second in range(1, 5)]


def test_a_task_never_runs_twice_at_the_same_time() -> None:
    rehearsal = Rehearsal(task("nap", "    util.sleep {\n      value = 1\n    }"), patient=False)
    gate = rehearsal.workspace.sleep = Gate()
    rehearsal.run(seconds=3)
    assert rehearsal.lines == ["task nap: still running, so it is not started again"] * 2
    gate.wait_until_asleep()
    assert gate.seconds == [1]
    gate.open()
