"""A pytest plugin: the tests in `.xs` files become items beside those in Python files.

Each file is loaded with the workspace it belongs to, once for a session. `-p no:xsrun` switches the plugin off. Hosts
that tests may reach are named in the ini option `xsrun_allow_net`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr, TracebackStyle

    from xsrun.testing.cases import Case
    from xsrun.testing.report import Outcome
    from xsrun.testing.sandbox import Sandbox

_SANDBOXES = pytest.StashKey[dict[Path, "Sandbox"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("xsrun_allow_net", "hosts that XanoScript tests may reach", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SANDBOXES] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    for sandbox in config.stash.get(_SANDBOXES, {}).values():
        sandbox.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> XanoFile | None:
    if file_path.suffix != ".xs":
        return None
    collector: XanoFile = XanoFile.from_parent(parent, path=file_path)
    return collector


class XanoFile(pytest.File):
    """A `.xs` file and the tests in it."""

    def collect(self) -> Iterator[pytest.Item]:
        from xsrun.testing.cases import find_cases

        sandbox, name = self.sandbox()
        for case in find_cases(sandbox.constructs, files={name}):
            title = f"{case.construct.label}: {case.name}" if case.kind == "unit" else case.construct.label
            yield XanoItem.from_parent(self, name=title, case=case, sandbox=sandbox)

    def sandbox(self) -> tuple[Sandbox, str]:
        """The sandbox of the file's workspace, and the file's name in it."""
        from xsrun.workspace.loader import find_files
        from xsrun.workspace.roots import workspace_root

        root = workspace_root(self.path)
        lone = root == self.path.resolve().parent
        known = self.config.stash[_SANDBOXES]
        key = self.path.resolve() if lone else root
        if key not in known:
            files = sorted(root.glob("*.xs")) if lone else find_files(root)
            known[key] = self.load(root, files)
        return known[key], self.path.resolve().relative_to(root).as_posix()

    def load(self, root: Path, files: list[Path]) -> Sandbox:
        from xsrun.api import Workspace
        from xsrun.testing.sandbox import Sandbox
        from xsrun.workspace.loader import read_source

        sources = {file.resolve().relative_to(root).as_posix(): read_source(file) for file in files}
        return Sandbox(Workspace(sources, root=root), self.config.getini("xsrun_allow_net"))


class XanoFailure(Exception):
    """A test that failed, with its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class XanoItem(pytest.Item):
    """One unit test or workflow test."""

    def __init__(self, *, case: Case, sandbox: Sandbox, **options: Any) -> None:
        super().__init__(**options)
        self.case = case
        self.sandbox = sandbox

    def runtest(self) -> None:
        from xsrun.testing.runner import run_case

        outcome = run_case(self.sandbox, self.case)
        if outcome.status == "skipped":
            pytest.skip("switched off")
        for entry in outcome.logs:
            self.add_report_section("call", "log", f"{entry.file}:{entry.line}: {entry.value}\n")
        if outcome.failed:
            raise XanoFailure(outcome)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None
    ) -> str | TerminalRepr:
        if not isinstance(excinfo.value, XanoFailure):
            return super().repr_failure(excinfo, style)
        outcome = excinfo.value.outcome
        lines = []
        for message, file, line, more in outcome.problems():
            lines += [message, *(f"  {text}" for text in more), *self.source_line(file, line), f"{file}:{line}", ""]
        return "\n".join([*lines, *([f"help: {outcome.hint}"] if outcome.hint else [])])

    def source_line(self, file: str, line: int) -> list[str]:
        source = self.sandbox.sources.get(file)
        return [f">   {source.line(line).strip()}"] if source is not None else []

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name
