"""Running tests: each on a workspace of its own that is thrown away afterwards (semantics 8)."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from xsrun.diagnostics import Diagnostic
from xsrun.errors import MissingParamError, StoppedError, UnavailableError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.fields.declared import of_call
from xsrun.hints import TYPE_CHECKING
from xsrun.names.fixed_values import fixed_value
from xsrun.running.assertions import ExpectationError
from xsrun.running.context import Context, Identity, Request
from xsrun.running.trace import Trace
from xsrun.statements.workflow_calls import REFUSED_CALLS
from xsrun.syntax.nodes import Statement, Variable
from xsrun.testing import expectations
from xsrun.testing.cases import Case, unmatched_mocks
from xsrun.testing.report import Outcome, Report
from xsrun.testing.sandbox import Sandbox
from xsrun.testing.selection import Selection
from xsrun.values.conversion import copy_deep
from xsrun.workspace.construct import Construct
from xsrun.workspace.result import Result
from xsrun.workspace.workspace import LoadedWorkspace

if TYPE_CHECKING:
    from xsrun.services.network import Hosts, NetworkPolicy

Listener = Callable[[Outcome], None]
#: Runs the selected tests in another way and gives their outcomes in order.
Outcomes = Callable[[Selection], Generator[Outcome, None, None]]


def run_tests(
    workspace: LoadedWorkspace,
    pattern: str | None = None,
    kind: str | None = None,
    *,
    files: set[str] | None = None,
    selection: Selection | None = None,
    network: NetworkPolicy | Hosts = None,
    trace: bool = False,
    stop_after: int = 0,
    outcomes: Outcomes | None = None,
    on_result: Listener | None = None,
) -> Report:
    """Run the unit tests and workflow tests of a workspace, or its smoke runs.

    `pattern` is part of a test's or construct's name, `kind` "unit", "workflow", "smoke" or None for all tests but no
    smoke runs; `files` are the only ones whose tests run; a `selection` says all of this and more. `network` names the
    hosts that tests may reach, by default those of the workspace (see `xsrun.services.network`); nothing else leaves
    the machine. After `stop_after` failures no more tests run (0: all run). `outcomes` runs them elsewhere (see
    `xsrun.testing.parallel`); `on_result` is called with each outcome as it comes.
    """
    started = time.perf_counter()
    report = Report()
    chosen = selection or Selection(pattern, kind, files)
    running = outcomes(chosen) if outcomes is not None else _outcomes(workspace, chosen, network, trace)
    with closing(running):
        for outcome in running:
            report.results.append(outcome)
            if on_result is not None:
                on_result(outcome)
            if stop_after and report.failed >= stop_after:
                break
    files = chosen.files
    shown = [one for one in workspace.constructs if files is None or one.file in files]
    report.warnings = unmatched_mocks(shown) if chosen.kind in (None, "unit") and not chosen.names else []
    report.unread, report.elsewhere = broken_files(workspace, files, {outcome.test_file for outcome in report.results})
    report.duration = time.perf_counter() - started
    return report


def _outcomes(
    workspace: LoadedWorkspace, selection: Selection, network: NetworkPolicy | Hosts, trace: bool
) -> Generator[Outcome, None, None]:
    """The outcomes of the tests of a workspace, one after another."""
    with prepared(workspace, selection.kind, network) as sandbox:
        for case in selection.cases(workspace.constructs):
            yield run_case(sandbox, case, trace=trace)


def prepared(workspace: LoadedWorkspace, kind: str | None, network: NetworkPolicy | Hosts = None) -> Sandbox:
    """The sandbox of a run of tests; for smoke runs it has rows."""
    sandbox = Sandbox(workspace, workspace.network if network is None else network)
    if kind == "smoke":
        from xsrun.testing.smoke import prepare

        prepare(sandbox)
    return sandbox


def broken_files(
    workspace: LoadedWorkspace, files: set[str] | None, shown: set[str]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The errors of the files that no outcome speaks of: of those that may hold tests, and of the others.

    A file may hold tests when it was asked for, or when what it declares cannot be told: `workflow_tst w { ... }`.
    """
    known = {one.file for one in workspace.constructs if one.kind != "stack"}
    unread: list[Diagnostic] = []
    elsewhere: list[Diagnostic] = []
    for problem in workspace.problems:
        if problem.severity != "error" or problem.file in shown:
            continue
        if files is None:
            (elsewhere if problem.file in known else unread).append(problem)
        elif problem.file in files:
            unread.append(problem)
    return unread, elsewhere


def run_case(run: Sandbox, case: Case, *, trace: bool = False) -> Outcome:
    """Run one test in a sandbox of its own below the run's."""
    outcome = Outcome(
        case.name,
        case.construct.label,
        case.kind,
        "skipped",
        file=case.file,
        line=case.line,
        test_file=case.file,
        obj_name=case.construct.name,
        obj_type=case.construct.kind,
    )
    if case.switched_off:
        return outcome
    started = time.perf_counter()
    try:
        if case.kind == "smoke":
            run_smoke(run, case, outcome, Trace() if trace else None)
            return outcome
        with run.for_test(case.datasource) as sandbox:
            (run_unit if case.kind == "unit" else run_workflow)(sandbox, case, outcome, Trace() if trace else None)
    except Exception as error:
        fail(outcome, translate(error), status="error")
    finally:
        outcome.duration = time.perf_counter() - started
    return outcome


# Unit tests ----------------------------------------------------------------------------------------------------------


def run_unit(sandbox: Sandbox, case: Case, outcome: Outcome, trace: Trace | None) -> None:
    """Run the construct once with the test's input and mocks, and judge every expectation (semantics 8.1)."""
    construct, node = case.construct, case.node
    construct.fail_if_broken()
    assert node is not None
    for problem in construct.problems_of_test(node):
        raise expectations.TestMistake(
            problem.message, hint=problem.hint, file=case.file, line=problem.line, column=problem.column
        )
    planned = expectations.plan(node, case.file)
    source = case.datasource or "live"
    context = sandbox.context(test=(construct.key, case.name), trace=trace, auth=_identity(case), datasource=source)
    given = expectations.reader(node.attribute("input"), case.file)(context, None)
    values = of_call(construct.declared, expectations.as_input(copy_deep(given)))
    context.request = Request(method=construct.verb or "", input=values, in_path=construct.path_parameters)
    result = sandbox.execute(construct, values, context, admit=False)
    note_run(outcome, result)
    if result.error is not None and not result.error.catchable:
        fail(outcome, result.error, status="fail" if isinstance(result.error, StoppedError) else "error")
        return
    outcome.expectations = expectations.judge_all(planned, context, result.response, result.error)
    if result.error is not None and not planned:
        fail(outcome, result.error)
    else:
        conclude(outcome, context, result.error)


def _identity(case: Case) -> Identity | None:
    """The identity that a test's `auth` names, beyond what the engine has: `{id: 1, table: "user"}`."""
    node = case.node.attribute("auth") if case.node is not None else None
    given = fixed_value(node)
    if not isinstance(given, dict):
        return None
    return Identity(given.get("id"), str(given.get("table") or ""), dict(given.get("extras") or {}))


def conclude(outcome: Outcome, context: Context, error: XanoScriptError | None) -> None:
    """Pass, or fail with the message of every expectation that failed."""
    failures = [one for one in outcome.expectations if not one.passed]
    if not failures:
        outcome.status = "pass"
        return
    outcome.status = "fail"
    outcome.message = "\n".join(dict.fromkeys(one.message for one in failures))
    outcome.line = failures[0].line
    outcome.error = error
    if error is None:
        return
    unexpected = all(one.assertion != "to_throw" for one in failures)
    if unexpected and error.line is not None:
        outcome.file, outcome.line = error.file or outcome.file, error.line
    outcome.hint = _hint(error, unexpected)


def _hint(error: XanoScriptError, unexpected: bool) -> str | None:
    """What to do about an error: its own hint, and for an input test that came first why it did (semantics 3.2)."""
    if not unexpected and isinstance(error, MissingParamError):
        return f"the input test comes before the stack; declare `{error.param}?` to let an empty value reach it"
    return error.hint


# Workflow tests ------------------------------------------------------------------------------------------------------


def run_workflow(sandbox: Sandbox, case: Case, outcome: Outcome, trace: Trace | None) -> None:
    """Run the stack of a workflow test; the first expectation that fails, or any error, ends it (semantics 8.3)."""
    context = sandbox.context(trace=trace, datasource=case.datasource or "live")
    result = sandbox.execute(case.construct, {}, context, admit=False)
    note_run(outcome, result)
    if result.error is None:
        outcome.status = "pass"
    else:
        fail(outcome, result.error)
    error = result.error
    if isinstance(error, ExpectationError) and len(error.operands) == 1:
        from xsrun.testing.difference import difference

        lines = difference(error.operands[0], error.subject)
        outcome.message = "\n".join([outcome.message, *lines])
    if isinstance(error, ExpectationError):
        answers = refused_answers(case.construct, error.line, context.scratch.get(REFUSED_CALLS, []))
        outcome.message = "\n".join([outcome.message, *answers])


def refused_answers(construct: Construct, line: int | None, calls: list[tuple[int, int, str]]) -> Iterator[str]:
    """What the calls answered whose error an expectation looks at: it was made for another response."""
    statements = [node for item in construct.items for node in item.walk() if isinstance(node, Statement)]
    looked_at = {
        part.name
        for node in statements
        if node.line == line and node.name.startswith("expect.") and node.target is not None
        for part in node.target.walk()
        if isinstance(part, Variable)
    }
    for at, status, code in calls:
        bound = next((node.result for node in statements if node.line == at and node.name == "api.call"), None)
        if bound is not None and any(isinstance(one, Variable) and one.name in looked_at for one in bound.walk()):
            yield f"the call on line {at} answered {status} {code}"


# Smoke runs ----------------------------------------------------------------------------------------------------------


def run_smoke(run: Sandbox, case: Case, outcome: Outcome, trace: Trace | None) -> None:
    """Run a construct once with made-up input: a program may refuse it, but must not break."""
    from xsrun.testing.smoke import refuses, smoke

    result = smoke(run, case.construct, trace=trace)
    note_run(outcome, result)
    error = result.error
    outcome.status = "pass"
    if isinstance(error, UnavailableError):
        outcome.status = "skipped"
    elif error is not None and not refuses(error):
        fail(outcome, error)


def note_run(outcome: Outcome, result: Result) -> None:
    """Keep of a run what a report may show."""
    outcome.logs, outcome.warnings, outcome.trace = result.logs, [*result.warnings], result.trace


def fail(outcome: Outcome, error: XanoScriptError, status: str | None = None) -> None:
    """Let a test fail with an error, at the error's place."""
    wrong = isinstance(error, UnavailableError) or not error.catchable
    outcome.status = status or ("error" if wrong and not isinstance(error, StoppedError) else "fail")
    outcome.message = expectations.describe(error)
    outcome.hint, outcome.error = error.hint, error
    if error.line is not None:
        outcome.file, outcome.line = error.file or outcome.file, error.line
