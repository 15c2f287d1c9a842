"""Tables follow their files: what loses nothing is done at once, what loses data is asked for with its command."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.running.masking import masked_address
from xsrun.server.log import Log
from xsrun.workspace.result import end_session

if TYPE_CHECKING:
    from xsrun.database.migration import Change, Followed
    from xsrun.workspace.workspace import LoadedWorkspace

#: Changes that are told one by one; of more only their number.
_MOST = 10
#: The variable of the process that may name the database.
DATABASE = "XSRUN_DATABASE"


class Upkeep:
    """Brings the tables of a workspace's database in line with its files, and tells what it did and what is left."""

    def __init__(self, log: Log) -> None:
        self.log = log
        #: what was told to be left, so that it is told once
        self._told: list[str] = []

    def follow(self, workspace: LoadedWorkspace) -> list[str]:
        """Make all changes that lose nothing; gives the tables that were made."""
        if not any(construct.kind == "table" for construct in workspace.constructs):
            return []
        from xsrun.database import migration

        context = workspace.context()
        try:
            found = migration.follow(context.session)
        except XanoScriptError as error:
            with self.log.alike(f"tables: {error}") as log:
                log.line(f"warning: the tables of the database may differ from their files: {error}")
            return []
        finally:
            end_session(context)
        self._tell(found, workspace)
        return [change.makes for change in found.done if change.makes]

    def _tell(self, found: Followed, workspace: LoadedWorkspace) -> None:
        if found.done and not all(change.makes for change in found.done):  # what another process did, it tells
            _list(self.log, "tables follow their files:", found.done)
        failed = [(change.text, error) for change, error in found.failed]
        left = [change.text for change in found.left]
        with self.log.alike(f"tables: {failed} {left}") as log:
            for text, error in failed:
                hint = f"; {error.hint}" if error.hint else ""
                log.line(f"warning: cannot {text}: {error}{hint}")
            if left and left != self._told:
                _list(log, "left as it is in the database, because it would lose data:", found.left)
                for line in way_to_force(workspace):
                    log.line(f"  {line}")
        self._told = left


def _list(log: Log, title: str, changes: list[Change]) -> None:
    log.line(title)
    for change in changes[:_MOST]:
        log.line(f"  {change.text}")
    if len(changes) > _MOST:
        log.line(f"  and {len(changes) - _MOST} more")


def way_to_force(workspace: LoadedWorkspace) -> list[str]:
    """What to do so that changes are made that lose data."""
    url = workspace.database_url
    if url in ("sqlite://", "sqlite:///:memory:"):
        return ["the rows are in memory: start the server again for tables as the files have them"]
    program = ["xsrun"] if shutil.which("xsrun") else [sys.executable, "-m", "xsrun"]
    root = [] if workspace.root is None else ["--workspace", str(workspace.root.resolve())]
    named = shlex.quote(absolute(url)) if masked_address(url) == url else f'"${DATABASE}"'
    lines = [f"to do it: {shlex.join([*program, 'db', 'migrate', *root])} --database {named} --force"]
    return lines if masked_address(url) == url else [*lines, f"where {DATABASE} holds the address of the database"]


def absolute(url: str) -> str:
    """The address of a database, whichever folder it is used in."""
    if not url.startswith("sqlite:///"):
        return url
    return f"sqlite:///{Path(url.removeprefix('sqlite:///')).resolve()}"
