"""What a command is asked to run, loaded: a file, a block of a page, a folder, `kind:name`, or a program itself."""

from __future__ import annotations

import os

from xsrun.api import Workspace
from xsrun.cli.declared_options import Options
from xsrun.cli.named import Named, named
from xsrun.cli.options import workspace_settings
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import AnyPath
from xsrun.records import record
from xsrun.workspace.loader import find_names, read_source
from xsrun.workspace.lookup import construct_named, runnable
from xsrun.workspace.roots import chosen_workspace, neighbours, reaches_out, relative, shortest, workspace_above

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.options import WorkspaceOptions
    from xsrun.workspace.workspace import LoadedWorkspace


@record
class Target:
    """A loaded workspace and which of its constructs is meant. `folder`: those of the files below it."""

    workspace: LoadedWorkspace
    name: str | None = None
    kind: str | None = None
    verb: str | None = None
    file: str | None = None
    line: int | None = None
    folder: str | None = None

    def find(self) -> Construct:
        """The construct that is meant. Raises UsageError when none or several fit."""
        constructs = self.workspace.constructs
        if self.folder is not None:
            constructs = [one for one in constructs if one.file.startswith(self.folder)]
        if self.line is not None:
            constructs = [one for one in constructs if one.file == self.file and holds_line(one, self.line)]
            if not constructs:
                raise UsageError(f"{self.shown(self.file or '')}:{self.line} is not a line of a construct")
        try:
            found = runnable(constructs, self.name, self.kind, self.verb, None, self.file)
        except UsageError as error:
            raise self._told_of_places(error, constructs) from None
        self._take_own(found)
        return found

    def shown(self, file: str) -> str:
        """The path of a file for messages; of a construct that was lent to a page's block, that of its page."""
        return self.workspace.shown(file.partition(" (line ")[0])

    def _told_of_places(self, error: UsageError, constructs: list[Construct]) -> UsageError:
        """Of several constructs in the file that was named, where each is."""
        own = [one for one in constructs if one.file == self.file]
        shown = self.shown(self.file or "")
        message = str(error).replace(f" in {self.file}", f" in {shown}")
        if self.name is not None or len(own) < 2:
            return UsageError(message, hint=error.hint)
        from xsrun.diagnostics.suggest import some_of

        listed = some_of([f"{shown}:{one.line} is {one.label}" for one in own])
        return UsageError(message, hint=f"name a line: {listed}")

    def _take_own(self, construct: Construct) -> None:
        """What the named file declares is meant, even when another file of the workspace declares it otherwise."""
        if self.file is None:
            return
        twice = [one for one in construct.problems if one.code == "XS420" and one.file != construct.file]
        if twice:
            from xsrun.cli.output import warn

            construct.problems = [one for one in construct.problems if one not in twice]
            other = f"{self.shown(twice[0].file)}:{twice[0].line}"
            warn(f"{other} declares {construct.label}, too; {self.shown(construct.file)} was named and runs")


def holds_line(construct: Construct, line: int) -> bool:
    """Does a line lie in a construct? A bare list has all lines of its file."""
    return construct.kind == "stack" or construct.line <= line <= construct.line + construct.text.count("\n")


def resolve(given: str, options: Options) -> Target:
    """Find out what is meant and load as little as it needs. Raises UsageError when nothing fits."""
    return load_named(named(given, workspace=options.workspace), options)


def load_named(what: Named, options: Options) -> Target:
    """Load what was named, and what is around it."""
    settings = workspace_settings(options)
    if what.text is None:
        return (
            construct_target(what.name, options, settings)
            if what.place is None
            else folder_target(what.place, options, settings)
        )
    if what.is_page:
        return page_target(what, options, settings)
    if what.place is None:
        return text_target(what.name, what.text, options, settings)
    target = file_target(what.place, what.text, options, settings)
    target.line = what.line
    if what.member is not None:
        target.kind, target.name, target.verb = construct_named(what.member)
    return target


def construct_target(text: str, options: Options, settings: WorkspaceOptions) -> Target:
    """A construct of the workspace around the user, `query:GET items`."""
    kind, name, verb = construct_named(text)
    root = chosen_workspace(options.workspace) or workspace_above(".") or "."
    return Target(Workspace.load(shortest(root), **settings), name, kind, verb)


def folder_target(path: AnyPath, options: Options, settings: WorkspaceOptions) -> Target:
    """A folder: it selects from the workspace that it lies in, or is one."""
    root = chosen_workspace(options.workspace) or workspace_above(path) or path
    workspace = Workspace.load(shortest(root), **settings)
    if os.path.realpath(root) == os.path.realpath(path):
        return Target(workspace)
    return Target(workspace, folder=relative(path, root) + "/")


def text_target(name: str, text: str, options: Options, settings: WorkspaceOptions) -> Target:
    """A program that is in no file, in the workspace around the user."""
    root = chosen_workspace(options.workspace) or workspace_above(".")
    sources = {name: text}
    if root is not None and (options.workspace or reaches_out(text)):
        sources |= {relative(file, root): read_source(file) for file in find_names(root)}
    return Target(Workspace(sources, root, **settings), file=name)


def page_target(what: Named, options: Options, settings: WorkspaceOptions) -> Target:
    """The one program of a page, or the one at the line that was named, with what it reaches."""
    from xsrun.cli.page_blocks import examples_of, one_example
    from xsrun.testing.doctest.page_runner import ExamplePage
    from xsrun.testing.doctest.page_settings import PageSettings

    beside = os.path.dirname(what.place or "") or "."
    root = chosen_workspace(options.workspace) or workspace_above(beside)
    name = relative(what.place, root) if what.place is not None and root is not None else what.name
    examples = examples_of(what, name)
    example = one_example(what, examples)
    around: list[Construct] = []
    if root is not None and (options.workspace or reaches_out(example.source)):
        around = Workspace.load(shortest(root), **settings).constructs
    page = ExamplePage(examples, PageSettings(lambda sources: Workspace(sources, root, **settings), around=around))
    return Target(page.workspace(example), file=name)


def file_target(path: AnyPath, text: str, options: Options, settings: WorkspaceOptions) -> Target:
    """A file, with the rest of its workspace when the file may need it. What it declares comes first."""
    own = os.path.realpath(path)
    folder = os.path.dirname(own)
    chosen = chosen_workspace(options.workspace)
    root = chosen or workspace_above(folder)
    place = root or folder
    name = relative(own, place)
    sources = {name: text}
    if chosen is not None or reaches_out(text):
        files = find_names(place) if root is not None else neighbours(own)
        others = [file for file in files if os.path.realpath(file) != own]
        sources |= {relative(file, place): read_source(file) for file in others}
    return Target(Workspace(sources, place, **settings), file=name)
