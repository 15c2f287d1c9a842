"""Tasks on their schedule (semantics 7.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from xsrun.database.tables import literal
from xsrun.dispatch.schedule import Event, events_of, next_run
from xsrun.running.context import Clock, system_clock
from xsrun.server.application import Application
from xsrun.server.snapshot import Snapshot
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.workspace.workspace import LoadedWorkspace

#: Seconds between two checks, so that saved schedules and a changed clock are noticed.
_LONGEST_SLEEP = 0.5


class Schedule:
    """Runs the tasks of the live workspace when they are due; a task never overlaps with itself.

    `clock` says what time it is, and `sleep` waits for so many seconds of it. `leads` says whether this process is the
    one that runs tasks, which may take a while to find out.
    """

    def __init__(
        self,
        application: Application,
        clock: Clock = system_clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self.application = application
        self.clock = clock
        self.sleep = sleep
        self.leads = leads
        self._running: dict[str, asyncio.Future[None]] = {}
        self._tasks: list[tuple[Construct, list[Event]]] = []
        self._read: Snapshot | None = None

    async def run(self) -> None:
        """Run until cancelled."""
        looked = self.clock()
        while True:
            await self.sleep(self.pause(looked))
            now = self.clock()
            due = self.due(looked, now)
            leads = bool(due) and await asyncio.to_thread(lambda: self.leads())
            for task in due if leads else ():
                self.begin(task)
            looked = now

    def tasks(self) -> list[tuple[Construct, list[Event]]]:
        """The tasks of the live workspace that have a schedule."""
        snapshot = self.application.live.current
        if self._read is not snapshot:
            tasks = [one for one in snapshot.workspace.constructs if one.kind == "task"]
            self._tasks = [(task, events) for task in tasks if (events := events_of(task))]
            self._read = snapshot
        return self._tasks

    def due(self, after: int, until: int) -> list[Construct]:
        """The tasks that should have begun between two moments (milliseconds), the second included."""
        return [
            task for task, events in self.tasks() if (moment := next_run(events, after)) is not None and moment <= until
        ]

    def pause(self, now: int) -> float:
        """Seconds until the next task is due, at most half a second."""
        moments = [moment for _, events in self.tasks() if (moment := next_run(events, now)) is not None]
        until = min(moments, default=now + 1_000_000) - self.clock()
        return min(max(until / 1000, 0.001), _LONGEST_SLEEP)

    def begin(self, task: Construct) -> None:
        """Start a task in a thread, unless it still runs."""
        log = self.application.log
        running = self._running.get(task.name)
        if running is not None and not running.done():
            log.line(f"task {task.name}: still running, so it is not started again")
            return
        workspace = self.application.live.current.workspace
        self._running[task.name] = self.application.threads.run(self.work, workspace, task)

    def work(self, workspace: LoadedWorkspace, task: Construct) -> None:
        """Run a task and log how it went. Called in a thread of the pool."""
        log = self.application.log
        try:
            console = self.application.console
            datasource = str(literal(task.attribute("datasource")) or "live")
            context = workspace.context(datasource=datasource, trace=console.tracing.trace(task.label))
            console.watch_triggers(context)
            at = context.now()
            result = workspace.execute(task, {}, context)
            console.ran(task, result, context, at, {}, "task")
        except Exception as error:
            log.fault(error)
            return
        log.request("TASK", task.name, 200 if result.error is None else 500, result.duration, result.error)
        log.entries(result.logs)
        log.warnings(result.warnings)
