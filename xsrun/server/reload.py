"""Saved files go live: a new workspace takes the place of the old one between two requests.

A file that was saved with errors does not take the rest down with it. Its queries, functions and the like answer with
the diagnostic, so that the developer sees it; what others depend on (tables, groups, branches) stays as it was in the
last good version.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Container, Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError, XanoScriptError
from xsrun.language.constructs import RUNNABLE
from xsrun.reading import read_text
from xsrun.server.garbage import settle_again
from xsrun.server.log import Log
from xsrun.server.snapshot import Live
from xsrun.server.upkeep import Upkeep
from xsrun.workspace.loader import SKIPPED, read_sources

if TYPE_CHECKING:
    from watchfiles import Change

    from xsrun.workspace.workspace import LoadedWorkspace

#: Makes a workspace from texts by file name and the folder that they are in.
Maker = Callable[[dict[str, str], Path], "LoadedWorkspace"]

#: Milliseconds in which several changes count as one, and between two checks for them.
_DEBOUNCE = 60
_STEP = 20


class Reloader:
    """Loads a workspace from its files, again whenever they change."""

    def __init__(self, path: Path, make: Maker, log: Log) -> None:
        self.path = path
        self.make = make
        self.log = log
        self.upkeep = Upkeep(log)
        self._texts: dict[str, str] = {}
        #: the last text of each file that had no errors and was not empty
        self._good: dict[str, str] = {}
        self._settings: str | None = None
        self._lock = threading.Lock()

    def load(self) -> LoadedWorkspace:
        """The workspace as its files are now. Raises UsageError when there is nothing to load."""
        texts, folder = read_sources(self.path)
        root = Path(folder)
        workspace = self.make(texts, root)
        self._texts, self._settings = texts, self._read_settings(root)
        broken = errors_by_file(workspace.problems)
        self._good = whole(texts, broken)
        return workspace

    def refresh(self, live: Live) -> bool:
        """Load the files again if they differ from what is live. Tells whether they did."""
        with self._lock:
            try:
                texts, folder = read_sources(self.path)
            except UsageError as error:  # files are being moved, or one is not text: the next change will tell
                self._refused(error)
                return False
            root = Path(folder)
            settings = self._read_settings(root)
            if texts == self._texts and settings == self._settings:
                return False
            started = time.perf_counter()
            try:
                workspace, stale, errors = self._renewed(texts, root)
            except XanoScriptError as error:
                self._refused(error)
                return False
            changed = sorted(name for name in {*texts, *self._texts} if texts.get(name) != self._texts.get(name))
            self._texts, self._settings = texts, settings
            workspace.take_over(live.current.workspace)
            if any(holds_table(one, changed) for one in (workspace, live.current.workspace)):
                self.upkeep.follow(workspace)
            live.replace(workspace, stale)
            self._tell(changed, errors, time.perf_counter() - started)
            del workspace
            settle_again()
            return True

    def _renewed(self, texts: dict[str, str], root: Path) -> tuple[LoadedWorkspace, list[Diagnostic], list[Diagnostic]]:
        """A workspace of new texts, the errors of those files whose last good version it holds instead, and all."""
        workspace = self.make(texts, root)
        broken = errors_by_file(workspace.problems)
        before = {name: text for name, text in self._good.items() if name in texts}
        self._good = {**before, **whole(texts, broken)}
        replaced = {name: errors for name, errors in broken.items() if name in self._good}
        every = [error for errors in broken.values() for error in errors]
        if not replaced:
            return workspace, [], every
        mended = self.make({**texts, **{name: self._good[name] for name in replaced}}, root)
        read = {construct.key: construct for construct in workspace.constructs}
        for construct in mended.constructs:
            if construct.kind in RUNNABLE and construct.file in replaced:
                as_saved = read.get(construct.key)
                errors = replaced[construct.file] if as_saved is None else as_saved.problems
                construct.problems = [*construct.problems, *errors]
        return mended, [error for errors in replaced.values() for error in errors], every

    def _read_settings(self, root: Path) -> str | None:
        try:
            return read_text(root / ".env")
        except (OSError, UnicodeDecodeError):
            return None

    def _tell(self, changed: list[str], errors: list[Diagnostic], seconds: float) -> None:
        shown = ", ".join(map(self.log.shown_path, changed[:3]))
        shown += f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        with self.log.alike(digest([*self._texts.items(), ("settings", self._settings)])) as log:
            log.line(f"reloaded {shown or 'the settings'} in {seconds * 1000:.0f} ms")
            log.problems(errors)

    def _refused(self, error: XanoScriptError) -> None:
        with self.log.alike(f"not reloaded: {error}") as log:
            log.line(f"not reloaded: {error}")

    async def watch(self, live: Live, after: Callable[[], None] = lambda: None) -> None:
        """Refresh on every change, until cancelled. `after` is called when something went live."""
        from watchfiles import awatch

        async def refresh() -> None:
            if await asyncio.to_thread(self.refresh, live):
                after()

        folder = (self.path if self.path.is_dir() else self.path.parent).resolve()
        changes = awatch(
            folder, watch_filter=self._concerns, debounce=_DEBOUNCE, step=_STEP, recursive=self.path.is_dir()
        )
        async with asyncio.TaskGroup() as beside:
            # what was saved since the files were read; the watcher watches already when this begins
            beside.create_task(refresh())
            async for _ in changes:
                await refresh()

    def _concerns(self, _change: Change, name: str) -> bool:
        path = Path(name)
        if path.name == ".env":
            return True
        if self.path.is_file():
            return path.name == self.path.name
        below = path.parts[len(self.path.resolve().parts) :]
        return path.suffix == ".xs" and not SKIPPED.intersection(below)


def digest(texts: Iterable[tuple[str, str | None]]) -> str:
    """What tells one state of the files from another."""
    return sha256(repr(sorted(texts, key=str)).encode("utf-8", "replace")).hexdigest()


def holds_table(workspace: LoadedWorkspace, files: Container[str]) -> bool:
    """Does one of these files declare a table?"""
    return any(one.kind == "table" and one.file in files for one in workspace.constructs)


def whole(texts: dict[str, str], broken: Container[str]) -> dict[str, str]:
    """The texts to go back to. Many editors empty a file before they write it; that is not a version of it."""
    return {name: text for name, text in texts.items() if name not in broken and text.strip()}


def errors_by_file(problems: Iterable[Diagnostic]) -> dict[str, list[Diagnostic]]:
    """The errors among some problems by file."""
    found: dict[str, list[Diagnostic]] = {}
    for problem in problems:
        if problem.severity == "error":
            found.setdefault(problem.file, []).append(problem)
    return found
