"""The programs that an editor has open: their texts, on disk or being typed, and the problems of each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xsrun.analysis.check_cache import open_programs
from xsrun.analysis.check_settings import CheckSettings, read_settings
from xsrun.analysis.programs import programs_below
from xsrun.analysis.session import CheckSession
from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError
from xsrun.workspace.loader import find_names, read_source
from xsrun.workspace.roots import workspace_root


class OpenPrograms:
    """Every text by its absolute name, as the editor has it, else as it is on disk.

    A folder is one program or several side by side, as for `xsrun check`; a file in none of the folders belongs to the
    workspace around it, else it is a program of its own.
    """

    def __init__(self) -> None:
        self.sessions: list[CheckSession] = []
        #: texts that the editor holds
        self.held: set[str] = set()
        self._folders: list[str] = []
        self._settings: dict[str, CheckSettings] = {}
        self._told: dict[str, list[Diagnostic]] = {}
        self._changed: set[str] = set()

    # Texts -----------------------------------------------------------------------------------------------------------

    def load(self, folder: Path) -> None:
        """Read the programs of a folder and check them; what was checked before comes from the cache."""
        top = folder.resolve()
        name = top.as_posix()
        if name in self._folders:
            return
        sources = {name: read_source(name) for name in find_names(top) if self.session_of(name) is None}
        self._folders.append(name)
        for session in open_programs([one for one in programs_below(name, sources) if one] or [{}]):
            self.sessions.append(session)
            self._changed |= session.texts.keys()

    def session_of(self, name: str) -> CheckSession | None:
        """The program that a text belongs to, if it is known."""
        return next((session for session in self.sessions if name in session.texts), None)

    def hold(self, name: str, text: str) -> None:
        """Take a text as the editor has it."""
        self.held.add(name)
        self._edit(name, text)

    def release(self, name: str) -> None:
        """The editor has closed a text: what is on disk counts again."""
        self.held.discard(name)
        self.reread([name])

    def reread(self, names: Iterable[str]) -> None:
        """Some files may have changed, come or gone on disk; what the editor holds stays as it is."""
        for name in names:
            if name not in self.held:
                self._edit(name, read_source(name) if Path(name).is_file() else None)

    def _edit(self, name: str, text: str | None) -> None:
        session = self.session_of(name)
        if session is None and text is not None:
            session = self._nearest(name)
        if session is not None:
            session.edit(name, text)
            self._changed.add(name)

    def _nearest(self, name: str) -> CheckSession:
        """The program that a new file belongs to: of the folder it is in the one whose files lie nearest."""
        if not any(name.startswith(f"{folder}/") for folder in self._folders):
            path = Path(name)
            root = workspace_root(path) if path.is_file() else path.parent
            if root != path.resolve().parent:
                self.load(root)
            found = self.session_of(name)
            if found is not None:
                return found
            self.sessions.append(CheckSession())
            return self.sessions[-1]
        return max(self.sessions, key=lambda session: max((_shared(name, one) for one in session.texts), default=0))

    # Problems --------------------------------------------------------------------------------------------------------

    def update(self) -> dict[str, list[Diagnostic]]:
        """Check what the edits may concern; gives the problems of those texts that have others than before."""
        for session in self.sessions:
            self._changed.update(session.update())
        changed, self._changed = self._changed, set()
        found = {name: self.problems(name) for name in changed}
        different = {name: one for name, one in found.items() if one != self._told.get(name, [])}
        self._told.update(different)
        return different

    def problems(self, name: str) -> list[Diagnostic]:
        """The problems of a text that the settings of its project leave; none of a text that is gone."""
        session = self.session_of(name)
        return self._settings_of(name).apply(session.diagnostics(name)) if session is not None else []

    def forget_settings(self) -> None:
        """The settings of a project have changed: all problems are told anew."""
        self._settings.clear()
        for session in self.sessions:
            self._changed |= session.texts.keys()

    def _settings_of(self, name: str) -> CheckSettings:
        folder = next((one for one in self._folders if name.startswith(f"{one}/")), Path(name).parent.as_posix())
        found = self._settings.get(folder)
        if found is None:
            try:
                found = read_settings(Path(folder))
            except UsageError:  # `xsrun check` says what is wrong with the file
                found = CheckSettings()
            self._settings[folder] = found
        return found


def _shared(first: str, second: str) -> int:
    """How many folders two names share."""
    pairs = zip(first.split("/")[:-1], second.split("/")[:-1], strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), first.count("/"))
