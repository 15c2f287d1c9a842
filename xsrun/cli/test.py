"""`xsrun test`: run unit tests and workflow tests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsrun.cli.options import add_workspace_options, workspace_settings
from xsrun.cli.output import use_color
from xsrun.errors import UsageError
from xsrun.runtime.values import to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", default=["."], help="files and folders (default: this folder)")
    parser.add_argument("-k", metavar="TEXT", dest="pattern", help="only tests whose name or construct contains TEXT")
    parser.add_argument("--kind", choices=("unit", "workflow"), help="only tests of this kind")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit XML report")
    parser.add_argument("--watch", action="store_true", help="run again what a change touches, until interrupted")
    parser.add_argument("--durations", type=int, metavar="N", help="show the N slowest tests (0: all)")
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
    if options.watch:
        return watch(options)
    suites = [suite for path in options.paths for suite in load(path, options)]
    report = run_suites(suites, options)
    if options.junit:
        write_junit(options.junit, report)
    if options.json:
        print(to_json(report.as_dict()))
    return 1 if report.failed else 0


@dataclass(slots=True)
class Suite:
    """A loaded workspace, and the files in it whose tests are asked for (None: all)."""

    workspace: Any
    files: set[str] | None = None


def load(given: str, options: argparse.Namespace) -> list[Suite]:
    """The workspace of a folder, or of a file, of which then only the tests in that file run."""
    from xsrun.api import Workspace
    from xsrun.cli.target import file_target

    path = Path(given).expanduser()
    settings = workspace_settings(options)
    settings["network"].down = options.net_down
    if path.is_dir():
        return [Suite(Workspace.load(path, **settings))]
    if not path.exists():
        raise UsageError(f"no such file or folder: {given}")
    target = file_target(path, options, settings)
    return [Suite(target.workspace, {target.file} if target.file else None)]


def run_suites(suites: list[Suite], options: argparse.Namespace) -> Any:
    """Run the tests of some workspaces, print as asked, and return one report of all."""
    from xsrun.testing.cases import find_cases
    from xsrun.testing.report import Report
    from xsrun.testing.runner import run_tests
    from xsrun.testing.terminal import Terminal

    whole = Report()
    tables: list[str] = []
    terminal = Terminal((lambda text: None) if options.json else print, color=use_color(sys.stdout))
    for suite in suites:
        if options.seed:
            from xsrun.cli.seeds import seed_file

            seed_file(suite.workspace, options.seed)
        chosen = options.pattern, options.kind
        terminal.start(find_cases(suite.workspace.constructs, *chosen, suite.files))
        with suite.workspace, carried(suite.workspace, options), measured(suite.workspace, options) as coverage:
            report = run_tests(
                suite.workspace,
                *chosen,
                files=suite.files,
                network=suite.workspace.network,
                trace=options.trace,
                on_result=terminal.result,
            )
        if coverage is not None:
            tables.append(coverage.table())
        whole.results += report.results
        whole.warnings += report.warnings
        whole.duration += report.duration
    terminal.finish(whole)
    for table in tables:
        print(f"\n{table}", end="", file=sys.stderr if options.json else sys.stdout)
    show_notes(whole, options)
    return whole


def carried(workspace: Any, options: argparse.Namespace) -> Any:
    """A server for the calls of workflow tests, when they are to go over HTTP."""
    if not options.over_http:
        return nullcontext()
    from xsrun.server.rehearsal import over_http

    return over_http(workspace)


@contextmanager
def measured(workspace: Any, options: argparse.Namespace) -> Iterator[Any]:
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

    def run_touched(workspace: Any, files: set[str] | None, changed: set[str]) -> None:
        if changed:
            print(f"\n--- changed: {', '.join(sorted(changed))}", file=sys.stderr)
        touched = chosen if files is None else files if chosen is None else files & chosen
        run_suites([Suite(workspace, touched)], options)

    rerun_on_change(root, lambda: load(options.paths[0], options)[0].workspace, run_touched)
    return 0


def show_notes(report: Any, options: argparse.Namespace) -> None:
    """What is no result: traces of failures, slow tests, mocks without a test. All to standard error."""
    from xsrun.testing.terminal import duration_lines, trace_lines

    lines: list[str] = []
    for outcome in report.results:
        if outcome.failed and outcome.trace:
            lines += [f"trace of {outcome.name} [{outcome.construct}]:", *trace_lines(outcome.trace)]
    if options.durations is not None:
        lines += duration_lines(report, options.durations)
    for outcome in report.results:
        lines += [f"warning: {outcome.name}: {getattr(one, 'message', one)}" for one in outcome.warnings]
    for notice in report.warnings:
        lines.append(f"warning: {notice.message} ({notice.file}:{notice.line})")
        if notice.hint:
            lines.append(f"  help: {notice.hint}")
    if lines and not options.json:
        print("\n".join(lines), file=sys.stderr)


def write_junit(name: str, report: Any) -> None:
    from xsrun.runtime.context import system_clock
    from xsrun.testing.junit import junit_document

    try:
        Path(name).expanduser().write_bytes(junit_document(report, system_clock()))
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from None
