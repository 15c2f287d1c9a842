"""`xsrun test`: run unit tests and workflow tests, or everything once with made-up input."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.arguments import one_of, whole_number
from xsrun.cli.options import add_workspace_options, workspace_settings
from xsrun.diagnostics.color import use_color
from xsrun.errors import UsageError
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.testing.coverage_report import CoverageRun
    from xsrun.testing.report import Report
    from xsrun.testing.terminal import Terminal
    from xsrun.workspace.workspace import LoadedWorkspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", default=["."], help="files and folders (default: this folder)")
    parser.add_argument("-k", metavar="TEXT", dest="pattern", help="only tests whose name or construct contains TEXT")
    kinds = ("unit", "workflow")
    parser.add_argument("--kind", type=one_of(*kinds), metavar="{unit,workflow}", help="only tests of this kind")
    parser.add_argument(
        "--smoke",
        action="store_const",
        const="smoke",
        dest="kind",
        help="instead of tests, run every query, function, task, tool and job once with made-up input and rows; calls "
        "to other machines end as if the network was down",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit XML report")
    parser.add_argument("--watch", action="store_true", help="run again what a change touches, until interrupted")
    parser.add_argument("--durations", type=whole_number, metavar="N", help="show the N slowest tests (0: all)")
    parser.add_argument("--coverage", action="store_true", help="show which lines and branches the tests reach")
    parser.add_argument("--coverage-html", metavar="FOLDER", help="write coverage as HTML pages")
    parser.add_argument("--coverage-lcov", metavar="FILE", help="write coverage as an lcov file")
    parser.add_argument("--trace", action="store_true", help="show the statements of tests that fail")
    parser.add_argument(
        "--net-down",
        action="store_true",
        help="let the calls of api.request, api.microservice, webflow.request, stream.from_request and "
        "db.external.* that would fail a test for want of a mock end as if the network was down",
    )
    parser.add_argument(
        "--over-http", action="store_true", help="let workflow tests call queries over HTTP, as clients would"
    )
    add_workspace_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the tests of every path; the exit status is 1 when one failed."""
    from xsrun.workspace.loader import matching

    options.paths = matching(options.paths)
    if options.watch:
        return watch(options)
    suites = [suite for path in options.paths for suite in load(path, options)]
    report = run_suites(suites, options)
    if options.junit:
        write_junit(options.junit, report)
    if options.json:
        print(to_json(report.as_dict()))
    return 1 if report.failed or report.unread else 0


@dataclass(slots=True)
class Suite:
    """A loaded workspace, and the files in it whose tests are asked for (None: all)."""

    workspace: LoadedWorkspace
    files: set[str] | None = None


def load(given: str, options: argparse.Namespace) -> list[Suite]:
    """The workspace around a file or folder, of which only the tests in the file, or below the folder, run."""
    from xsrun.cli.target import file_target, folder_target

    path = Path(given).expanduser()
    settings = workspace_settings(options)
    if path.is_dir():
        target = folder_target(path, options, settings)
        folder = target.folder
        if folder is None:
            return [Suite(target.workspace)]
        return [Suite(target.workspace, {one for one in target.workspace.sources if one.startswith(folder)})]
    if not path.exists():
        raise UsageError(f"no such file or folder: {given}")
    target = file_target(path, options, settings)
    return [Suite(target.workspace, {target.file} if target.file else None)]


def run_suites(suites: list[Suite], options: argparse.Namespace) -> Report:
    """Run the tests of some workspaces, print as asked, and return one report of all."""
    from xsrun.testing.cases import find_cases
    from xsrun.testing.report import Report
    from xsrun.testing.terminal import Terminal, duration_lines

    whole = Report()
    notes: list[str] = []
    warned: list[str] = []
    tables: list[str] = []
    terminal = Terminal((lambda text: None) if options.json else print, color=use_color(sys.stdout))
    chosen = options.pattern, options.kind
    terminal.start([case for suite in suites for case in find_cases(suite.workspace.constructs, *chosen, suite.files)])
    for suite in suites:
        report, coverage = run_suite(suite, options, terminal)
        if coverage is not None:
            tables.append(coverage.table())
        notes += traces(report, suite.workspace)
        warned += warnings(report, suite.workspace)
        if options.json or options.junit:
            report.rename(suite.workspace.shown)
        whole.add(report)
    terminal.finish(whole)
    for table in tables:
        print(f"\n{table}", end="", file=sys.stderr if options.json else sys.stdout)
    if options.durations is not None:
        notes += duration_lines(whole, options.durations)
    if not options.json:
        print("".join(f"{line}\n" for line in notes + warned), end="", file=sys.stderr)
    return whole


def run_suite(suite: Suite, options: argparse.Namespace, terminal: Terminal) -> tuple[Report, CoverageRun | None]:
    """Run the tests of one workspace; their report, and what they covered where that is measured."""
    from xsrun.testing.runner import run_tests

    workspace = suite.workspace
    if options.seed:
        from xsrun.cli.seeds import seed_file

        seed_file(workspace, options.seed)
    terminal.shown_path = workspace.shown
    with workspace, carried(workspace, options), measured(workspace, options) as coverage:
        report = run_tests(
            workspace,
            options.pattern,
            options.kind,
            files=suite.files,
            network=workspace.network,
            trace=options.trace,
            on_result=terminal.result,
        )
    return report, coverage


def carried(workspace: LoadedWorkspace, options: argparse.Namespace) -> AbstractContextManager[None]:
    """A server for the calls of workflow tests, when they are to go over HTTP."""
    if not options.over_http:
        return nullcontext()
    from xsrun.server.over_http import over_http

    return over_http(workspace)


@contextmanager
def measured(workspace: LoadedWorkspace, options: argparse.Namespace) -> Iterator[CoverageRun | None]:
    """Measure coverage, when it is asked for, and write the files that are; yields what tells the table, or None."""
    if not (options.coverage or options.coverage_html or options.coverage_lcov):
        yield None
        return
    from xsrun.testing.coverage_report import CoverageRun

    coverage = CoverageRun(workspace)
    coverage.start()
    try:
        yield coverage
    finally:
        coverage.stop()
    if options.coverage_html:
        coverage.write_html(options.coverage_html)
    if options.coverage_lcov:
        coverage.write_lcov(options.coverage_lcov)


def watch(options: argparse.Namespace) -> int:
    """Run the tests of one path now and after every change."""
    from xsrun.testing.watch import rerun_on_change

    if len(options.paths) != 1:
        raise UsageError("--watch takes one file or folder")
    first = load(options.paths[0], options)[0]
    chosen, root = first.files, first.workspace.root
    first.workspace.close()

    def run_touched(workspace: LoadedWorkspace, files: set[str] | None, changed: set[str]) -> None:
        if changed:
            print(f"\n--- changed: {', '.join(map(workspace.shown, sorted(changed)))}", file=sys.stderr)
        touched = chosen if files is None else files if chosen is None else files & chosen
        run_suites([Suite(workspace, touched)], options)

    assert root is not None
    rerun_on_change(root, lambda: load(options.paths[0], options)[0].workspace, run_touched)
    return 0


def traces(report: Report, workspace: LoadedWorkspace) -> list[str]:
    """The traces of the tests that failed, when they were asked for."""
    from xsrun.testing.terminal import trace_lines

    lines: list[str] = []
    for outcome in report.results:
        if outcome.failed and outcome.trace:
            lines.append(f"trace of {outcome.name} [{outcome.construct}]:")
            lines += trace_lines(outcome.trace, workspace.shown)
    return lines


def warnings(report: Report, workspace: LoadedWorkspace) -> list[str]:
    """What is not a result: warnings of tests, mocks without a test, files that are broken."""
    from xsrun.diagnostics.render import render

    lines = [
        f"warning: {one.name}: {getattr(said, 'message', said)}" for one in report.results for said in one.warnings
    ]
    for notice in report.warnings:
        lines.append(f"warning: {notice.message} ({workspace.shown(notice.file)}:{notice.line})")
        if notice.hint:
            lines.append(f"  help: {notice.hint}")
    color = use_color(sys.stderr)
    for problem in report.unread:
        text = workspace.sources[problem.file].text
        lines += ["", render(problem, text, color, workspace.shown(problem.file))]
    broken: dict[str, list[Diagnostic]] = {}
    for problem in report.elsewhere:
        broken.setdefault(problem.file, []).append(problem)
    for file, problems in broken.items():
        first, more = problems[0], f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        lines.append(f"warning: {workspace.shown(file)}:{first.line}: error[{first.code}]: {first.message}{more}")
    if broken:
        lines.append("  help: no test of these files ran; xsrun check tells more")
    return lines


def write_junit(name: str, report: Report) -> None:
    from xsrun.running.context import system_clock
    from xsrun.testing.junit import junit_document

    try:
        Path(name).expanduser().write_bytes(junit_document(report, system_clock()))
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from None
