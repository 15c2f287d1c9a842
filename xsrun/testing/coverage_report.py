"""Coverage of `.xs` files while tests run, measured and reported by coverage.py through a plugin of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xsrun.errors import UsageError
from xsrun.extras import installing
from xsrun.hints import TYPE_CHECKING
from xsrun.language.constructs import RUNNABLE
from xsrun.reading import typed_path
from xsrun.testing.program_lines import ProgramLines
from xsrun.workspace.workspace import LoadedWorkspace

if TYPE_CHECKING:
    from coverage import Coverage

#: Constructs that are tests themselves and not what is tested.
_LEFT_OUT = frozenset(("workflow_test",))


class CoverageRun:
    """Measures what runs between `start` and `stop`. Raises UsageError without coverage.py and its tracer in C."""

    def __init__(self, workspace: LoadedWorkspace) -> None:
        try:
            import coverage
        except ImportError:
            raise UsageError(
                "--coverage needs coverage.py", hint=f"install it with: {installing('coverage')}"
            ) from None
        try:
            import coverage.tracer  # the only one that serves plugins: the others would count nothing
        except ImportError:
            raise UsageError(
                "--coverage needs coverage.py with its tracer in C, which this Python lacks",
                hint="use a Python that coverage.py has a wheel for",
            ) from None
        from xsrun.testing.coverage_plugin import XanoPlugin

        self.workspace = workspace
        for construct in workspace.constructs:
            construct.measure()
        self.root = (workspace.root or Path()).resolve()
        plugin = XanoPlugin(self.root, self.program_lines)
        self.coverage: Coverage = coverage.Coverage(
            data_file=None,
            branch=True,
            config_file=False,
            include=[f"{self.root}/*.xs", f"{self.root}/**/*.xs"],
            messages=False,
            plugins=[lambda registry: registry.add_file_tracer(plugin)],
        )
        self.coverage.set_option("run:core", "ctrace")  # since Python 3.14 it is not the default
        self.coverage.set_option("report:show_missing", True)
        self.coverage.set_option("report:skip_empty", True)

    def files(self) -> list[str]:
        """The names of the files that hold what can be covered."""
        covered = RUNNABLE - _LEFT_OUT
        return sorted({one.file for one in self.workspace.constructs if one.kind in covered})

    def program_lines(self, name: str) -> ProgramLines:
        """The lines of a file of the workspace, by its name."""
        return ProgramLines(one for one in self.workspace.constructs if one.file == name and one.kind not in _LEFT_OUT)

    def start(self) -> None:
        self.coverage.start()

    def stop(self) -> None:
        """End measuring; files of which nothing ran count too."""
        self.coverage.stop()
        data = self.coverage.get_data()
        plugin = next(iter(self.coverage._plugins.file_tracers), None)
        for name in self.files():
            data.touch_file(str(self.root / name), plugin._coverage_plugin_name if plugin is not None else "")

    # Reports -------------------------------------------------------------------------------------------------------

    def _wanted(self) -> list[str]:
        return [str(self.root / name) for name in self.files()]

    def table(self) -> str:
        """The table for a terminal: statements, branches and what is missing, by file."""
        out = io.StringIO()
        self.coverage.report(morfs=self._wanted(), file=out, ignore_errors=True)
        return out.getvalue()

    def write_html(self, folder: str) -> None:
        """Write pages that show every line of every file."""
        with written(folder):
            self.coverage.html_report(
                morfs=self._wanted(), directory=str(typed_path(folder)), ignore_errors=True, title="XanoScript coverage"
            )

    def write_lcov(self, file: str) -> None:
        """Write the lcov file that editors and CI servers read."""
        with written(file):
            self.coverage.lcov_report(morfs=self._wanted(), outfile=str(typed_path(file)), ignore_errors=True)


@contextmanager
def written(name: str) -> Iterator[None]:
    """Raise UsageError for what cannot be written."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from None
