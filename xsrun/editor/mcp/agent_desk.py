"""What tools share: the folder, and how a workspace of it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from xsrun.api import Workspace
from xsrun.editor.mcp.agent_folder import AgentFolder
from xsrun.manual.manual import Manual
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.workspace.options import WorkspaceOptions

Arguments = Mapping[str, Value]

#: What a text is called that stands in no file.
GIVEN = "code.xs"


class AgentDesk:
    """One folder to work in, and the manual, which `manual` makes.

    `options` are those of its workspaces. `rows` is the URL of the database that SQL looks at, if there is one;
    `writes_rows` says whether it may change that.
    """

    def __init__(
        self,
        folder: AgentFolder,
        options: WorkspaceOptions,
        *,
        manual: Callable[[], Manual] = lambda: Manual({}),
        writes_rows: bool = False,
        rows: str | None = None,
    ) -> None:
        self.folder = folder
        self._manual = manual
        self.options = options
        self.writes_rows = writes_rows
        self.rows = rows

    @cached_property
    def manual(self) -> Manual:
        """The manual, made when it is first looked into."""
        return self._manual()

    def workspace(self, texts: dict[str, str] | None = None, database: str | None = None) -> Workspace:
        """The workspace of the folder as it is now, with some texts in place of those of their files, or besides."""
        options: WorkspaceOptions = self.options if database is None else {**self.options, "database": database}
        return Workspace({**self.folder.sources(), **(texts or {})}, self.folder.root, **options)

    def texts(self, given: Arguments) -> dict[str, str]:
        """The text in `code`, under the name of the file at `path` when both are given; none without `code`."""
        code, path = given.get("code"), given.get("path")
        if code is None:
            return {}
        return {GIVEN if path is None else self.folder.name(self.folder.path(path)): code}
