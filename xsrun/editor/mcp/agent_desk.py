"""What tools share: the folder, and how a workspace of it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xsrun.api import Workspace
from xsrun.editor.mcp.agent_folder import AgentFolder
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.workspace.options import WorkspaceOptions

Arguments = Mapping[str, Value]

#: What a text is called that stands in no file.
GIVEN = "code.xs"


class AgentDesk:
    """One folder to work in.

    `options` are those of its workspaces. `writes_rows` says whether SQL may change the database that `--database`
    names; `holds_rows` whether one was named at all.
    """

    def __init__(
        self,
        folder: AgentFolder,
        options: WorkspaceOptions,
        *,
        writes_rows: bool = False,
        holds_rows: bool = False,
    ) -> None:
        self.folder = folder
        self.options = options
        self.writes_rows = writes_rows
        self.holds_rows = holds_rows

    def workspace(self, texts: dict[str, str] | None = None) -> Workspace:
        """The workspace of the folder as it is now, with some texts in place of those of their files, or besides."""
        return Workspace({**self.folder.sources(), **(texts or {})}, self.folder.root, **self.options)

    def texts(self, given: Arguments) -> dict[str, str]:
        """The text in `code`, under the name of the file at `path` when both are given; none without `code`."""
        code, path = given.get("code"), given.get("path")
        if code is None:
            return {}
        return {GIVEN if path is None else self.folder.name(self.folder.path(path)): code}
