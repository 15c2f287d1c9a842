"""Tools that run things: run, trace, evaluate, test, doctest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.editor.mcp.agent_desk import AgentDesk, Arguments
from xsrun.editor.mcp.agent_folder import LISTED
from xsrun.editor.mcp.agent_tool import LONGEST_TEXT, AgentTool, flag, members, text
from xsrun.editor.mcp.answers import count, run_answer, shown_error
from xsrun.editor.mcp.source_tools import CODE
from xsrun.errors import MissingVariableError, UsageError, XanoScriptError
from xsrun.values.conversion import Value, to_json
from xsrun.workspace.argument_checks import rows_of
from xsrun.workspace.lookup import construct_named

if TYPE_CHECKING:
    from xsrun.testing.report import Outcome, Report
    from xsrun.workspace.result import Result
    from xsrun.workspace.workspace import LoadedWorkspace

TARGET = {
    "path": text("the file whose construct, or bare list of statements, is to run"),
    "construct": text("the construct to run by kind and name: function:math/add, query:GET items"),
    "code": CODE,
    "input": members("the inputs by name"),
    "variables": members("variables that are set before a bare list of statements"),
    "auth": members('who asks: {"table": "user", "id": 1}'),
    "headers": members("headers of the request, texts by name"),
    "rows": members('rows to begin with, by table: {"user": [{"name": "Ada"}]}'),
}


def run(box: AgentDesk, given: Arguments) -> str:
    """Run something once."""
    result, sources = outcome_of(box, given, trace=False)
    return run_answer(result, sources)


def trace(box: AgentDesk, given: Arguments) -> str:
    """Run something once and show each statement."""
    result, sources = outcome_of(box, given, trace=True)
    return run_answer(result, sources, full_trace=bool(given.get("all")))


def outcome_of(box: AgentDesk, given: Arguments, *, trace: bool) -> tuple[Result, dict[str, str]]:
    """The result of running what a call names, and the texts of its workspace."""
    from xsrun.analysis.explain import explain

    texts = box.texts(given)
    if not texts and not given.get("path") and not given.get("construct"):
        raise UsageError("say what to run", hint=f"`path`, `construct` or `code`; {LISTED}")
    with box.workspace(texts) as workspace:
        sources = {name: source.text for name, source in workspace.sources.items()}
        if given.get("rows"):
            put_rows(workspace, given["rows"])
        kind, name, verb = construct_named(given["construct"]) if given.get("construct") else (None, None, None)
        file = next(iter(texts), None) or (box.folder.name(box.folder.path(given["path"])) if name is None else None)
        result = workspace.run(
            name,
            kind,
            given.get("input"),
            verb=verb,
            file=file,
            auth=given.get("auth"),
            headers=given.get("headers"),
            trace=trace,
            variables=given.get("variables"),
        )
        if result.error is not None:
            explain(result.error, sources.get(result.error.file or "", ""))
            if workspace.find(name, kind, verb, None, file).kind == "stack":
                tell_argument(result.error)
    return result, sources


def put_rows(workspace: LoadedWorkspace, rows: Value) -> None:
    """Begin with some rows. Raises UsageError for those of a table that no file declares, where files declare any."""
    from xsrun.database.dump_load import check_tables

    context = workspace.context()
    try:
        check_tables(context.session, rows_of(rows))
    finally:
        context.session.close()
    workspace.seed(rows)


def tell_argument(error: XanoScriptError) -> None:
    """Name the argument of the tool that gives a variable which the program does not set."""
    if isinstance(error, MissingVariableError) and error.hint is None:
        error.hint = f'give it with the argument `variables`: {{"{error.variable}": VALUE}}'


def evaluate(box: AgentDesk, given: Arguments) -> str:
    """The value of an expression."""
    from xsrun.analysis.explain import explain
    from xsrun.api import evaluate as value_of
    from xsrun.workspace.expressions import EXPRESSION

    expression = given["expression"]
    try:
        return to_json(value_of(expression, given.get("variables")), indent=True)
    except XanoScriptError as error:
        explain(error, expression, expression=True)
        tell_argument(error)
        return shown_error(error, {EXPRESSION: expression})


def test(box: AgentDesk, given: Arguments) -> str:
    """Run tests, and tell of those that fail."""
    from xsrun.testing.runner import run_tests

    with box.workspace(box.texts(given)) as workspace:
        chosen = given.get("path")
        files = None if chosen is None else set(box.folder.below(chosen, workspace.sources))
        report = run_tests(workspace, given.get("pattern"), given.get("kind"), files=files, trace=True)
        if not report.results and not report.unread and given.get("pattern"):
            raise no_test(given["pattern"], workspace)
        return report_answer(report)


def no_test(pattern: str, workspace: LoadedWorkspace) -> UsageError:
    """The error of a pattern that no test fits, with what may be meant."""
    from xsrun.diagnostics.suggest import did_you_mean
    from xsrun.testing.cases import find_cases

    names = {name for case in find_cases(workspace.constructs) for name in (case.name, case.construct.name)}
    return UsageError(f"no test fits `{pattern}`", hint=did_you_mean(pattern, names) or LISTED)


def report_answer(report: Report) -> str:
    """`5 passed, 1 failed`, what is wrong with each that failed, and what to do next."""
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    lines = [f"{report.passed} passed, {report.failed} failed{skipped}"]
    for outcome in report.results:
        if outcome.failed:
            lines += failure_lines(outcome)
    for problem in (*report.unread, *report.elsewhere):
        lines.append(f"{problem.file}:{problem.line}: {problem.message} (no test of this file ran)")
    if not report.results:
        lines.append("next: write a test: the prompt mend_test and the page `test` of the tool docs show how")
    elif report.failed:
        lines.append("next: mend the program or the test, then run this again; the tool trace shows every value")
    else:
        lines.append("all green")
    return "\n".join(lines)


def failure_lines(outcome: Outcome) -> list[str]:
    """What is wrong with one test, where, and the last statements before it."""
    lines = [f"FAIL {outcome.name} [{outcome.construct}]"]
    for message, file, line, more in outcome.problems():
        lines += [f"  {file}:{line}: {message}", *(f"    {text}" for text in more)]
    if outcome.hint:
        lines.append(f"  help: {outcome.hint}")
    lines += [
        f"    {entry.file}:{entry.line} {entry.statement}" + (f" = {entry.value}" if entry.value else "")
        for entry in (outcome.trace or [])[-5:]
    ]
    return lines


def doctest(box: AgentDesk, given: Arguments) -> str:
    """Run the examples of a page."""
    from xsrun.api import Workspace
    from xsrun.testing.doctest import test_page
    from xsrun.testing.doctest.page_settings import LIMITS, PageSettings

    if ("path" in given) == ("page" in given):
        raise UsageError("give a page of documentation, by `path` or as text in `page`")
    name = given.get("path", "page.md")
    source = given["page"] if "page" in given else box.folder.text(name)
    options = {**box.options, "limits": LIMITS}
    settings = PageSettings(lambda texts: Workspace(texts, **options), given.get("input", {}), {})  # type: ignore[arg-type]
    found = test_page(source, name, settings)
    wrong = [one for one in found if one.status in ("differs", "failed")]
    lines = [f"{count(len(found), 'example')}, {len(wrong)} that differ or fail"]
    for one in found:
        lines.append(f"{one.file}:{one.line}  {one.status.replace('_', ' ')}  {one.title}")
        lines += [f"    {line}" for line in (one.message, *one.details) if line]
    if not found:
        lines.append("next: give a page with blocks of XanoScript, between ```xs and ```")
    return "\n".join(lines)


TOOLS = (
    AgentTool(
        "run",
        "Run a query, function, task or a bare list of statements on this machine and show its response or error. "
        "Each run begins with an empty database (or the one that --database names) and the rows given in `rows`.",
        TARGET,
        run,
    ),
    AgentTool(
        "trace",
        "Run as with run and show every statement with its line and the value it left: what happened, and where it "
        "went wrong. The last 60 statements unless `all` is set.",
        {**TARGET, "all": flag("show every statement")},
        trace,
    ),
    AgentTool(
        "evaluate",
        'Give the value of one expression, for example [3, 1, 2]|sort or ($x|upper) ~ "!".',
        {"expression": text("the expression", longest=LONGEST_TEXT), "variables": members("variables by name")},
        evaluate,
        required=("expression",),
    ),
    AgentTool(
        "test",
        "Run the unit and workflow tests of the workspace, each on a database of its own that is thrown away.",
        {
            "path": text("only the tests in this file or folder"),
            "code": CODE,
            "pattern": text("only tests whose name or construct contains this"),
            "kind": text("only tests of this kind", "unit", "workflow"),
        },
        test,
    ),
    AgentTool(
        "doctest",
        "Run every XanoScript example of a documentation page and compare it with what the page says it returns.",
        {
            "path": text("a Markdown or text file of the workspace's folder"),
            "page": text("the text of a page", longest=LONGEST_TEXT),
            "input": members("inputs for the examples by name"),
        },
        doctest,
    ),
)
