"""The public API: a façade over the rooms below. Tests and tools are written against it.

workspace = xsrun.Workspace.load("my-backend")
result = workspace.run("items", kind="query", verb="GET", input={"page": 1})
"""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError, XanoScriptError, XanoScriptSyntaxError
from xsrun.hints import TYPE_CHECKING, Unpack
from xsrun.reading import AnyPath
from xsrun.running.context import Limits
from xsrun.syntax.nodes import Document
from xsrun.values.conversion import Value
from xsrun.workspace.argument_checks import checked, keywords_of, require, texts_by_name, variables_of
from xsrun.workspace.result import Result
from xsrun.workspace.workspace import LoadedWorkspace

if TYPE_CHECKING:
    from pathlib import Path

    from xsrun.syntax.parsed import Parsed
    from xsrun.testing.report import Report
    from xsrun.workspace.options import WorkspaceOptions

__all__ = [
    "Diagnostic",
    "Limits",
    "Result",
    "UsageError",
    "Workspace",
    "XanoScriptError",
    "XanoScriptSyntaxError",
    "check",
    "evaluate",
    "format",
    "parse",
]


class Workspace(LoadedWorkspace):
    """A workspace: load it, seed it, run its constructs, run its tests.

    It is made by `load` (a file or a folder) or `from_sources` (texts by file name), and is a context manager: its end,
    or `close()`, ends connections and processes. `constructs` lists what it holds, with kind, name, verb, api_group,
    file and line of each.
    """

    @checked(*keywords_of(LoadedWorkspace.__init__))
    def __init__(
        self, sources: dict[str, str], root: AnyPath | None = None, **options: Unpack[WorkspaceOptions]
    ) -> None:
        super().__init__(sources, root, **options)
        from xsrun.dispatch import Dispatcher

        self.dispatcher = Dispatcher(self.constructs)

    def structure_problems(self, parsed: Parsed[Document]) -> list[Diagnostic]:
        """The errors of a file that keep its constructs from running."""
        from xsrun.analysis.structure import problems

        return problems(parsed)

    @checked()
    def test(self, pattern: str | None = None, kind: str | None = None) -> Report:
        """Run the unit tests and workflow tests, or those whose name contains `pattern`.

        `kind` is "unit", "workflow" or None for both, or "smoke" for runs with made-up input instead. The report has
        `passed`, `failed` and `results`, each with name, construct, kind, status ("pass", "fail", "error" or
        "skipped"), message, file, line and duration.
        """
        from xsrun.testing.runner import run_tests

        if kind not in (None, "unit", "workflow", "smoke"):
            raise UsageError(f"kind {kind!r} is not a kind of tests", hint='it is "unit", "workflow" or None for both')
        require("pattern", pattern, (str, type(None)), "a part of a test's name")
        return run_tests(self, pattern=pattern, kind=kind)


@checked()
def parse(source: str, filename: str = "<text>", recover: bool = False) -> Document:
    """The tree of a source text.

    Raises XanoScriptSyntaxError. With `recover` it never raises: the tree holds what could be read, and its
    `diagnostics` every problem.
    """
    from xsrun.syntax.parser import parser, raise_problems
    from xsrun.syntax.source import Source

    require("source", source, str, "the text of a program")
    parsed = parser().parse(Source(source, filename), "document")
    if not recover:
        raise_problems(parsed)
    tree = parsed.tree if parsed.tree is not None else Document([])
    tree.diagnostics = parsed.diagnostics
    return tree


@checked()
def check(sources: dict[str, str] | list[Path] | list[str]) -> list[Diagnostic]:
    """Every independent problem of some texts by file name, or of some files, sorted by file and line."""
    from xsrun.analysis import check_sources

    if isinstance(sources, dict):
        texts_by_name("sources", sources)
    else:
        from xsrun.workspace.loader import read_source

        require("sources", sources, (list, tuple), "a dict of texts by file name, or a list of files")
        sources = {str(path): read_source(path) for path in sources}
    return check_sources(sources)


@checked()
def evaluate(expression: str, variables: dict[str, Value] | None = None, env: dict[str, Value] | None = None) -> Value:
    """The value of one expression. Names of variables come without the dollar sign; `env` are values of `$env`.

    Raises XanoScriptError.
    """
    from xsrun.workspace.expressions import value_of_expression

    require("expression", expression, str, "the text of an expression")
    require("env", env, (dict, type(None)), "a dict of values by name")
    return value_of_expression(expression, variables_of("variables", variables), env)


@checked()
def format(source: str) -> str:
    """The text in the style of Xano's own exports: the same program, laid out anew."""
    from xsrun.syntax.format.formatter import format_source

    require("source", source, str, "the text of a program")
    return format_source(source)
