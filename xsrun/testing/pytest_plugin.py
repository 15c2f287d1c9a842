"""A pytest plugin: the tests in `.xs` files become items beside those in Python files.

Each file is loaded with the workspace it belongs to, once for a session; a file that cannot be read is an error of
collection. Items bear the mark `xanoscript`, and fixtures with `autouse` run around them. Tests in Python get the
workspace by the fixture `workspace`. `-p no:xsrun` switches the plugin off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.fixtures import TopRequest  # what pytest's own items beside functions use

from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr, TracebackStyle

    from xsrun.testing.cases import Case
    from xsrun.testing.report import Outcome
    from xsrun.testing.sandbox import Sandbox
    from xsrun.workspace.options import WorkspaceOptions

_SANDBOXES = pytest.StashKey[dict[Path, "Sandbox"]]()
#: Settings of the ini file, which options of the command line go before: (name, type, help).
_SETTINGS = (
    ("xsrun_allow_net", "linelist", "hosts that XanoScript tests may reach"),
    ("xsrun_workspace", "string", "the folder of the workspace, for the fixture `workspace`"),
    ("xsrun_database", "string", "the database on which XanoScript tests get one of their own: a URL"),
    ("xsrun_env", "linelist", "values of $env in XanoScript tests: NAME=VALUE"),
    ("xsrun_now", "string", "the time of XanoScript tests: milliseconds or an ISO time"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("xsrun", "XanoScript")
    for name, kind, about in _SETTINGS:
        option, metavar = f"--{name.replace('_', '-')}", name.rpartition("_")[2].upper()
        if kind == "linelist":
            parser.addini(name, about, "linelist", default=[])
            group.addoption(option, action="append", default=[], metavar=metavar, help=about)
        else:
            parser.addini(name, about, "string", default="")
            group.addoption(option, default="", metavar=metavar, help=about)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SANDBOXES] = {}
    config.addinivalue_line("markers", "xanoscript: a test that stands in a .xs file")


def pytest_unconfigure(config: pytest.Config) -> None:
    for sandbox in config.stash.get(_SANDBOXES, {}).values():
        sandbox.close()


def setting(config: pytest.Config, name: str) -> Any:
    """A text, or a list of texts of which those of the command line come last."""
    given = config.getoption(f"--{name.replace('_', '-')}")
    kept = config.getini(name)
    return [*kept, *given] if isinstance(kept, list) else given or kept


def workspace_options(config: pytest.Config) -> WorkspaceOptions:
    """The settings as arguments of `Workspace`."""
    from xsrun.running.fixed_clock import fixed_clock

    options: WorkspaceOptions = {}
    if database := setting(config, "xsrun_database"):
        options["database"] = database
    if now := setting(config, "xsrun_now"):
        options["clock"] = fixed_clock(now, "xsrun_now")
    values = {}
    for text in setting(config, "xsrun_env"):
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise pytest.UsageError(f"xsrun_env needs NAME=VALUE, not `{text}`")
        values[name] = value
    if values:
        options["env"] = values
    return options


def sandbox_of(config: pytest.Config, root: Path, files: list[Path], key: Path) -> Sandbox:
    """The workspace of some files, loaded once in a session."""
    from xsrun.api import Workspace
    from xsrun.testing.sandbox import Sandbox
    from xsrun.workspace.loader import read_source

    known = config.stash[_SANDBOXES]
    if key not in known:
        sources = {file.resolve().relative_to(root).as_posix(): read_source(file) for file in files}
        try:
            loaded = Workspace(sources, root=root, **workspace_options(config))
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        known[key] = Sandbox(loaded, setting(config, "xsrun_allow_net"))
    return known[key]


@pytest.fixture
def workspace(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The XanoScript workspace around the test's file, or that of the setting `xsrun_workspace`.

    It is loaded once; its rows, cache and files are those of one test alone: `workspace.run("discount", input={...})`.
    """
    from xsrun.workspace.loader import find_files
    from xsrun.workspace.roots import workspace_root

    config = request.config
    named = setting(config, "xsrun_workspace")
    root = (config.rootpath / named if named else workspace_root(request.path)).resolve()
    with sandbox_of(config, root, find_files(root), root).for_test() as own:
        yield own


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
        self.refuse_broken(sandbox, name)
        for case in find_cases(sandbox.constructs, files={name}):
            title = f"{case.construct.label}: {case.name}" if case.kind == "unit" else case.construct.label
            yield XanoItem.from_parent(self, name=title, case=case, sandbox=sandbox)

    def refuse_broken(self, sandbox: Sandbox, name: str) -> None:
        """Raise CollectError for a file that cannot be read."""
        from xsrun.diagnostics.render import render

        found = [one for one in sandbox.problems if one.file == name and one.severity == "error"]
        if found:
            text, path = sandbox.sources[name].text, shown(self.config, self.path)
            raise self.CollectError("\n\n".join(render(one, text, path=path) for one in found))

    def sandbox(self) -> tuple[Sandbox, str]:
        """The sandbox of the file's workspace, and the file's name in it."""
        from xsrun.workspace.loader import find_files
        from xsrun.workspace.roots import workspace_root

        root = workspace_root(self.path)
        lone = root == self.path.resolve().parent
        key = self.path.resolve() if lone else root
        files = sorted(root.glob("*.xs")) if lone else find_files(root)
        return sandbox_of(self.config, root, files, key), self.path.resolve().relative_to(root).as_posix()


def shown(config: pytest.Config, path: Path) -> str:
    """A path as pytest shows those of Python files: from its rootdir."""
    return Path(os.path.relpath(path, config.rootpath)).as_posix()


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
        self.add_marker("xanoscript")
        self.funcargs: dict[str, object] = {}
        self._fixtureinfo = self.session._fixturemanager.getfixtureinfo(node=self, func=None, cls=None)
        self.fixturenames = self._fixtureinfo.names_closure
        self._request = TopRequest(self, _ispytest=True)  # type: ignore[arg-type]

    def setup(self) -> None:
        self._request._fillfixtures()

    def runtest(self) -> None:
        from xsrun.testing.runner import run_case

        outcome = run_case(self.sandbox, self.case)
        if outcome.status == "skipped":
            pytest.skip("switched off")
        for entry in outcome.logs:
            self.add_report_section("call", "log", f"{self.place(entry.file or '', entry.line)}: {entry.text}\n")
        if outcome.failed:
            raise XanoFailure(outcome)

    def place(self, file: str, line: int | None) -> str:
        """A line of the workspace, from pytest's rootdir."""
        path = self.sandbox.owner.root
        return f"{shown(self.config, path / file) if path is not None else file}:{line}"

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None
    ) -> str | TerminalRepr:
        if not isinstance(excinfo.value, XanoFailure):
            return super().repr_failure(excinfo, style)
        outcome = excinfo.value.outcome
        lines = []
        for message, file, line, more in outcome.problems():
            lines += [
                message,
                *(f"  {text}" for text in more),
                *self.source_line(file, line),
                self.place(file, line),
                "",
            ]
        return "\n".join([*lines, *([f"help: {outcome.hint}"] if outcome.hint else [])])

    def source_line(self, file: str, line: int) -> list[str]:
        source = self.sandbox.sources.get(file)
        return [f">   {source.line(line).strip()}"] if source is not None else []

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name
