"""Running tests again whenever files change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from xsrun.errors import UsageError
from xsrun.extras import installing
from xsrun.testing.affected import affected_files
from xsrun.workspace.workspace import LoadedWorkspace

#: Milliseconds to wait for more changes, so that a save of several files is one change.
SETTLE = 50


def require_watchfiles() -> None:
    """Raise UsageError, before anything runs, where the package is missing that sees changes."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise UsageError("--watch needs watchfiles", hint=f"install it with: {installing('watch')}") from None


def changes(root: Path) -> Iterator[set[str]]:
    """The `.xs` files that changed, by their names below the root, as often as some do."""
    from watchfiles import watch

    for batch in watch(root, debounce=SETTLE, step=SETTLE // 2, raise_interrupt=True):
        names = {_below(root, Path(path)) for _, path in batch if path.endswith(".xs")}
        if names:
            yield names


def _below(root: Path, path: Path) -> str:
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def touched_by(before: LoadedWorkspace, after: LoadedWorkspace, changed: set[str]) -> set[str] | None:
    """The files whose tests a change touches; None for all."""
    gone = [one for one in before.constructs if one.file in changed]
    return affected_files(after.constructs, changed, gone)


#: What runs the tests: `(workspace, files, changed)`, where `files` are those whose tests run (None for all) and
#: `changed` those that changed (empty for the first run).
Run = Callable[[LoadedWorkspace, set[str] | None, set[str]], None]


def rerun_on_change(root: Path, load: Callable[[], LoadedWorkspace], run: Run) -> None:
    """Run all tests, then after each change those that it touches, until interrupted."""
    workspace = load()
    run(workspace, None, set())
    for changed in changes(root):
        following = load()
        run(following, touched_by(workspace, following, changed), changed)
        workspace = following
