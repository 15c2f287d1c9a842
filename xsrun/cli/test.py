"""`xsrun test`: run unit tests and workflow tests, or everything once with made-up input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from xsrun.cli.arguments import one_of, whole_number
from xsrun.cli.declared_options import Declaring, Options
from xsrun.cli.options import add_workspace_options
from xsrun.cli.suites import Suite, load, load_all, opened, ready
from xsrun.diagnostics.color import use_color
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import typed_path
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.testing.coverage_report import CoverageRun
    from xsrun.testing.report import Report
    from xsrun.testing.runner import Outcomes
    from xsrun.testing.selection import Selection
    from xsrun.testing.terminal import Terminal
    from xsrun.workspace.workspace import LoadedWorkspace


def add_arguments(parser: Declaring) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        help="files, folders, constructs as KIND:NAME, and single tests as FILE::TEST (default: this folder)",
    )
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
    add_choices(parser)
    add_reports(parser)
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


def add_choices(parser: Declaring) -> None:
    """Options that tell which tests run, in which order, and how much of them is shown."""
    parser.add_argument("-x", "--exit-first", action="store_true", help="stop at the first test that fails")
    parser.add_argument("--lf", "--last-failed", action="store_true", dest="last_failed", help="only what failed last")
    parser.add_argument(
        "--ff", "--failed-first", action="store_true", dest="failed_first", help="what failed last first"
    )
    parser.add_argument(
        "-n", "--processes", type=whole_number, metavar="N", help="run tests in N processes (0: one a processor)"
    )
    said = parser.add_mutually_exclusive_group()
    said.add_argument("-q", "--quiet", action="store_true", help="show failures and totals only")
    said.add_argument("-v", "--verbose", action="store_true", help="show where each test stands, and what it logs")


def add_reports(parser: Declaring) -> None:
    """Options for what comes out of a run."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit XML report")
    parser.add_argument("--watch", action="store_true", help="run again what a change touches, until interrupted")
    parser.add_argument("--durations", type=whole_number, metavar="N", help="show the N slowest tests (0: all)")
    parser.add_argument("--coverage", action="store_true", help="show which lines and branches the tests reach")
    parser.add_argument("--coverage-html", metavar="FOLDER", help="write coverage as HTML pages")
    parser.add_argument("--coverage-lcov", metavar="FILE", help="write coverage as an lcov file")


def run(options: Options) -> int:
    """Run the tests of every path; 1 when one failed, 5 when nothing is what was asked for, as with pytest."""
    from xsrun.workspace.loader import matching

    options.paths = matching(options.paths)
    refuse_what_does_not_go_together(options)
    if options.watch:
        return watch(options)
    from xsrun.writing import refuse_unwritable, refuse_unwritable_folder

    for name in filter(None, (options.junit, options.coverage_lcov)):
        refuse_unwritable(name)
    if options.coverage_html:
        refuse_unwritable_folder(options.coverage_html)
    suites = load_all(options.paths, options)
    report = run_suites(suites, options)
    if options.junit:
        write_junit(options.junit, report)
    if options.json:
        print(to_json(report.as_dict()))
    if report.failed or report.unread:
        return 1
    narrow = any(suite.selection(options).is_narrow for suite in suites)
    if narrow and not report.results:
        print(f"error: no test fits{nearest_names(suites, options)}", file=sys.stderr)
        return 5
    return 0


def nearest_names(suites: list[Suite], options: Options) -> str:
    """What was asked for where no test fits, and what may be meant."""
    from xsrun.diagnostics.suggest import did_you_mean
    from xsrun.testing.cases import find_cases

    wanted = options.pattern or next((name for one in suites for names in one.names.values() for name in names), "")
    if not wanted:
        return f": there is none in {', '.join(options.paths)}"
    cases = [case for suite in suites for case in find_cases(suite.workspace.constructs, None, options.kind)]
    known = {name for case in cases for name in (case.name, case.construct.name)}
    hint = did_you_mean(wanted, known)
    return f" `{wanted}`" + (f"\n  help: {hint}" if hint else "")


def refuse_what_does_not_go_together(options: Options) -> None:
    """Raise UsageError for options that exclude one another, and before anything runs for a package that is missing."""
    several = options.processes is not None and options.processes != 1
    measuring = options.coverage or options.coverage_html or options.coverage_lcov
    for wrong, what in ((measuring, "--coverage"), (options.record, "--record")):
        if several and wrong:
            raise UsageError(f"{what} is for one process", hint="leave -n out")
    if options.watch:
        from xsrun.testing.watch import require_watchfiles

        require_watchfiles()


def run_suites(suites: list[Suite], options: Options) -> Report:
    """Run the tests of some workspaces, print as asked, and return one report of all."""
    from xsrun.testing.report import Report
    from xsrun.testing.selection import remember_failed
    from xsrun.testing.terminal import duration_lines

    whole = Report()
    notes: list[str] = []
    warned: list[str] = []
    tables: list[str] = []
    selections = [suite.selection(options) for suite in suites]
    cases = [one.cases(suite.workspace.constructs) for one, suite in zip(selections, suites, strict=True)]
    terminal = terminal_of(options, sum(map(len, cases)))
    terminal.start([case for of_suite in cases for case in of_suite])
    for number, (suite, selection) in enumerate(zip(suites, selections, strict=True)):
        report, coverage = run_suite(suite, selection, number, options, terminal)
        if coverage is not None:
            tables.append(coverage.table())
        notes += traces(report, suite.workspace)
        warned += warnings(report, suite.workspace)
        remember_failed(suite.workspace.root, report.results)
        if options.json or options.junit:
            report.rename(suite.workspace.shown)
        whole.add(report)
        if options.exit_first and whole.failed:
            break
    terminal.finish(whole)
    for table in tables:
        print(f"\n{table}", end="", file=sys.stderr if options.json else sys.stdout)
    if options.durations is not None:
        notes += duration_lines(whole, options.durations)
    if not options.json:
        print("".join(f"{line}\n" for line in notes + warned), end="", file=sys.stderr)
    return whole


def terminal_of(options: Options, count: int) -> Terminal:
    """What prints the outcomes; where their lines are not shown, a counter is."""
    from xsrun.diagnostics.progress import counter
    from xsrun.testing.terminal import Terminal

    silent = options.json or options.quiet
    counting = counter("test", count) if silent else None
    verbose = -1 if options.quiet else int(options.verbose)
    out = (lambda text: None) if options.json else print
    return Terminal(out, color=use_color(sys.stdout), verbose=verbose, counter=counting)


def run_suite(
    suite: Suite, selection: Selection, number: int, options: Options, terminal: Terminal
) -> tuple[Report, CoverageRun | None]:
    """Run the tests of one workspace; their report, and what they covered where that is measured."""
    from xsrun.testing.runner import run_tests

    workspace = suite.workspace
    terminal.shown_path = workspace.shown
    with ready(workspace, options), measured(workspace, options) as coverage:
        report = run_tests(
            workspace,
            selection=selection,
            network=workspace.network,
            trace=options.trace,
            stop_after=int(options.exit_first),
            outcomes=elsewhere(suite, number, options),
            on_result=terminal.result,
        )
    return report, coverage


def elsewhere(suite: Suite, number: int, options: Options) -> Outcomes | None:
    """What runs the tests in other processes, when that is asked for."""
    processes = options.processes
    if processes is None or processes == 1:
        return None
    from functools import partial

    from xsrun.processors import available_processors
    from xsrun.testing.parallel import outcomes_of

    opener = partial(opened, options.paths, number, options)
    return partial(
        outcomes_of, opener, suite.workspace.constructs, processes or available_processors(), trace=options.trace
    )


@contextmanager
def measured(workspace: LoadedWorkspace, options: Options) -> Iterator[CoverageRun | None]:
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


def watch(options: Options) -> int:
    """Run the tests of one path now and after every change."""
    from xsrun.testing.watch import rerun_on_change

    if len(options.paths) != 1:
        raise UsageError("--watch takes one file or folder")
    first = load(options.paths[0], options)
    chosen, root = first.files, first.workspace.root
    first.workspace.close()

    def run_touched(workspace: LoadedWorkspace, files: set[str] | None, changed: set[str]) -> None:
        if changed:
            print(f"\n--- changed: {', '.join(map(workspace.shown, sorted(changed)))}", file=sys.stderr)
        touched = chosen if files is None else files if chosen is None else files & chosen
        run_suites([Suite(workspace, touched)], options)

    assert root is not None
    rerun_on_change(root, lambda: load(options.paths[0], options).workspace, run_touched)
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
        typed_path(name).write_bytes(junit_document(report, system_clock()))
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from None
