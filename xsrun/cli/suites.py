"""The workspaces whose tests a command is asked to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from xsrun.cli.declared_options import Options
from xsrun.cli.options import workspace_settings
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import is_folder, is_there, typed_name
from xsrun.records import made, record
from xsrun.workspace.loader import read_source
from xsrun.workspace.lookup import command_name, construct_named

if TYPE_CHECKING:
    from xsrun.testing.selection import Selection
    from xsrun.workspace.workspace import LoadedWorkspace


@record
class Suite:
    """A loaded workspace, the files in it whose tests are asked for (None: all), and single tests by their file.

    `names` are as in `Selection`.
    """

    workspace: LoadedWorkspace
    files: set[str] | None = None
    names: dict[str, set[str]] = made(factory=dict)

    def selection(self, options: Options) -> Selection:
        """Which tests run, and which first."""
        from xsrun.testing.selection import Selection, last_failed

        failed = last_failed(self.workspace.root) if options.last_failed or options.failed_first else frozenset()
        return Selection(options.pattern, options.kind, self.files, self.names, failed, options.last_failed)

    def takes(self, other: Suite) -> bool:
        """Take in what is asked of another suite of the same workspace; False when it is one of another."""
        same = self.workspace.root == other.workspace.root and set(self.workspace.sources) == set(
            other.workspace.sources
        )
        if not same or bool(self.names) != bool(other.names):
            return False
        self.files = None if self.files is None or other.files is None else self.files | other.files
        for file, names in other.names.items():
            self.names[file] = self.names.get(file, set()) | names
        return True


def load_all(paths: list[str], options: Options) -> list[Suite]:
    """The workspaces of some paths and node ids, each once."""
    suites: list[Suite] = []
    for given in paths:
        found = load(given, options)
        if not any(suite.takes(found) for suite in suites):
            suites.append(found)
    return suites


def load(given: str, options: Options) -> Suite:
    """The workspace around a file or folder, of which only the tests in the file, or below the folder, run.

    `FILE::TEST` is one test, `KIND:NAME` those of a construct. Raises UsageError when there is nothing of the kind.
    """
    from xsrun.cli.named import no_such_path, refuse_page
    from xsrun.cli.target import file_target, folder_target
    from xsrun.testing.selection import split_node_id

    text, name = split_node_id(given)
    path = typed_name(text)
    settings = workspace_settings(options)
    if is_folder(path):
        if name is not None:
            raise UsageError(f"{text} is a folder", hint="a single test is written FILE::TEST")
        target = folder_target(path, options, settings)
        folder = target.folder
        if folder is None:
            return Suite(target.workspace)
        return Suite(target.workspace, {one for one in target.workspace.sources if one.startswith(folder)})
    if not is_there(path):
        if construct_named(text)[0] is not None:
            return of_construct(text, name, options)
        raise no_such_path(text, options.workspace)
    content = read_source(path)
    refuse_page(path, content)
    target = file_target(path, content, options, settings)
    files = {target.file} if target.file else None
    return Suite(target.workspace, files, {target.file: {name}} if name is not None and target.file else {})


def of_construct(text: str, test: str | None, options: Options) -> Suite:
    """The tests of a construct, `function:math/add`, or one of them. Raises UsageError when there is no such one."""
    from xsrun.cli.guesses import constructs_hint
    from xsrun.cli.target import construct_target
    from xsrun.testing.cases import find_cases

    target = construct_target(text, options, workspace_settings(options))
    wanted = (target.name or "").removeprefix("/")
    found = [
        one
        for one in target.workspace.constructs
        if one.kind == target.kind and one.name == wanted and target.verb in (None, one.verb)
    ]
    if not found:
        known = ", ".join(
            sorted(command_name(one) for one in target.workspace.constructs if one.kind == target.kind)[:8]
        )
        hint = constructs_hint(text, options.workspace) or (f"there are: {known}" if known else None)
        raise UsageError(f"there is no {text}", hint=hint)
    names: dict[str, set[str]] = {one.file: set() for one in found}
    for case in find_cases(found, None, options.kind):
        if test in (None, case.name):
            names[case.file].add(case.identity)
    return Suite(target.workspace, set(names), names)


@contextmanager
def opened(paths: list[str], number: int, options: Options) -> Iterator[LoadedWorkspace]:
    """One of the workspaces of some paths, ready for its tests; for a process of its own."""
    workspace = load_all(paths, options)[number].workspace
    with ready(workspace, options):
        yield workspace


@contextmanager
def ready(workspace: LoadedWorkspace, options: Options) -> Iterator[None]:
    """A workspace with the rows of `--seed`, and with a server where calls go over HTTP; closed afterwards."""
    if options.seed:
        from xsrun.cli.seeds import seed_file

        for name in options.seed:
            seed_file(workspace, name)
    with workspace, carried(workspace, options):
        yield


def carried(workspace: LoadedWorkspace, options: Options) -> AbstractContextManager[None]:
    """A server for the calls of workflow tests, when they are to go over HTTP."""
    if not options.over_http:
        return nullcontext()
    from xsrun.server.over_http import over_http

    return over_http(workspace)
