"""Packages of actions: folders below `xsrun_packages` of a workspace, for `action.call` and `action.package.call`.

    xsrun_packages/acme/send_mail/index.xs

An action is a `run.job`, as packages are published, or a function; its name is that of the `run.job`, of the function,
or of the folder that holds it. It runs on the rows and services of its caller, with functions of its own package alone,
and finds its settings (`registry`) in `$env`.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from pathlib import Path

from xsrun.errors import MissingConstructError, XanoScriptError
from xsrun.hints import Any
from xsrun.running.context import Context
from xsrun.values.conversion import Value, to_text
from xsrun.workspace.construct import Construct
from xsrun.workspace.jobs import run_job
from xsrun.workspace.loader import PACKAGES, find_files, read_source
from xsrun.workspace.workspace import LoadedWorkspace

#: The packages of a workspace that were read, by folder, with the times of their files.
_read: weakref.WeakKeyDictionary[LoadedWorkspace, dict[Path, tuple[Value, PackageWorkspace]]]
_read = weakref.WeakKeyDictionary()


class PackageWorkspace(LoadedWorkspace):
    """The constructs of a package, which run with the services and rows of the workspace that calls them."""

    def __init__(self, owner: LoadedWorkspace, sources: dict[str, str], root: Path) -> None:
        super().__init__(sources, root, limits=owner.limits, clock=owner.clock, network=owner.network)
        self.owner = owner
        self.package = root.name

    def service(self, name: str) -> Any:
        """A service of the calling workspace."""
        return self.owner.service(name)

    def open_session(self, context: Context) -> Any:
        """A session on the rows of the calling workspace."""
        return self.owner.open_session(context)

    def call(self, context: Context, kind: str, name: str, inputs: dict[str, Value], **options: Any) -> Value:
        """Run a construct of the package, or an action of any."""
        if kind == "action":
            return call_action(context, name, inputs)
        return super().call(context, kind, name, inputs, **options)

    def action(self, name: str) -> Construct | None:
        """The action of a name: a job, a function, or what stands in the folder of that name."""
        for kind in ("run.job", "function"):
            found = self.lookup(kind, name)
            if found is not None:
                return found
        inside = [one for one in self.constructs if Path(one.file).parent.name == name or self.package == name]
        for kind in ("run.job", "function"):
            fitting = [one for one in inside if one.kind == kind]
            if len(fitting) == 1 or (fitting and kind == "run.job"):
                return fitting[0]
        return next((one for one in inside if one.kind == "function" and one.name == "$main"), None)


def call_action(context: Context, name: str, given: dict[str, Value]) -> Value:
    """Run an action and give its response. `given` has the attributes `package`, `input` and `registry`.

    Raises XanoScriptError for a call without a name, MissingConstructError when no package has the action.
    """
    owner = context.workspace
    assert isinstance(owner, LoadedWorkspace)
    package = to_text(given.get("package"))
    if not name and not package:
        raise XanoScriptError(
            "The action has no name.", hint='exports leave it out: write action.call "name", or its `package`'
        )
    while isinstance(owner, PackageWorkspace):  # an action that calls another one
        owner = owner.owner
    for made in packages_of(owner, package):
        found = made.action(name or package)
        if found is not None:
            return _run(context, made, found, given)
    place = f"{PACKAGES}/{package}" if package else PACKAGES
    raise MissingConstructError(
        "action", name or package, hint=f"put its package into the folder {place} of the workspace"
    )


def _run(context: Context, made: PackageWorkspace, action: Construct, given: dict[str, Value]) -> Value:
    inputs, registry = given.get("input"), given.get("registry")
    settings = registry if isinstance(registry, dict) else {}
    context.keep_secret(settings)
    outer = context.workspace, context.environment
    context.workspace, context.environment = made, {**made.environment, **context.environment, **settings}
    try:
        if action.kind == "run.job":
            return run_job(action, context, inputs if isinstance(inputs, dict) else None)
        return made.enter(action, context, inputs if isinstance(inputs, dict) else {})
    finally:
        context.workspace, context.environment = outer


def packages_of(owner: LoadedWorkspace, package: str) -> Iterable[PackageWorkspace]:
    """The packages of a workspace, or the one of a name; each is read anew when one of its files has changed."""
    top = None if owner.home is None else owner.home / PACKAGES
    if top is None or not top.is_dir():
        return
    known = _read.setdefault(owner, {})
    for folder in sorted(one for one in top.iterdir() if one.is_dir() and package in ("", one.name)):
        files = find_files(folder)
        stamp = [(file.as_posix(), file.stat().st_mtime_ns) for file in files]
        if folder not in known or known[folder][0] != stamp:
            sources = {file.relative_to(folder).as_posix(): read_source(file) for file in files}
            known[folder] = stamp, PackageWorkspace(owner, sources, folder)
        yield known[folder][1]
