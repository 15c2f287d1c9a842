"""What coverage.py asks of a plugin for files that are not Python: where they are, and what in them can run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from coverage import CoveragePlugin, FileReporter, FileTracer

from xsrun.reading import read_text
from xsrun.testing.program_lines import Arc, ProgramLines


class XanoPlugin(CoveragePlugin):
    """Traces generated code under the names of the `.xs` files it was made from."""

    def __init__(self, root: Path, program_lines: Callable[[str], ProgramLines]) -> None:
        self.root = root
        self.program_lines = program_lines

    def file_tracer(self, filename: str) -> FileTracer | None:
        """Generated code is named after its file, relative to the workspace; coverage.py makes that absolute."""
        if not filename.endswith(".xs"):
            return None
        path = Path(filename)
        if path.is_relative_to(Path.cwd()):
            inside = self.root / path.relative_to(Path.cwd())
            path = inside if inside.is_file() else path
        return XanoTracer(str(path)) if path.is_file() else None

    def file_reporter(self, filename: str) -> FileReporter:
        name = Path(filename).relative_to(self.root).as_posix()
        return XanoReporter(filename, name, self.program_lines(name))


class XanoTracer(FileTracer):
    """One file that is being traced."""

    def __init__(self, filename: str) -> None:
        self.filename = filename

    def source_filename(self) -> str:
        return self.filename


class XanoReporter(FileReporter):
    """One file in a report."""

    def __init__(self, filename: str, name: str, program: ProgramLines) -> None:
        super().__init__(filename)
        self.name = name
        self.program = program

    def relative_filename(self) -> str:
        return self.name

    def source(self) -> str:
        return read_text(self.filename)

    def lines(self) -> set[int]:
        return self.program.lines

    def arcs(self) -> set[Arc]:
        return self.program.arcs

    def exit_counts(self) -> dict[int, int]:
        return self.program.exits()

    def translate_lines(self, lines: Iterable[int]) -> set[int]:
        return {self.program.begin(line) for line in lines}

    def translate_arcs(self, arcs: Iterable[Arc]) -> set[Arc]:
        return self.program.translated(arcs)

    def missing_arc_description(self, start: int, end: int, executed_arcs: Iterable[Arc] | None = None) -> str:
        return f"line {start} never led to {'the end' if end < 0 else f'line {end}'}"

    def arc_description(self, start: int, end: int) -> str:
        return "to the end" if end < 0 else f"to line {end}"
