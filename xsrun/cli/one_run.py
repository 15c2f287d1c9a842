"""One run of a construct, and what is shown of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from xsrun.cli.arguments import show_error
from xsrun.cli.declared_options import Options
from xsrun.cli.output import print_logs, print_trace, print_value, result_document, warn
from xsrun.errors import MissingMemberError, MissingParamError, MissingVariableError, StoppedError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.cli.target import Target
    from xsrun.diagnostics import Diagnostic
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.result import Result
    from xsrun.workspace.workspace import LoadedWorkspace


def run_once(
    target: Target,
    construct: Construct,
    given: dict[str, Value],
    besides: dict[str, Any],
    options: Options,
) -> Result:
    """One run; the hint of its error is complete."""
    warn_of_unknown_inputs(construct, given)
    with profiled(options.profile, construct.label):
        result = target.workspace.run(
            construct.name if construct.kind != "stack" else None,
            kind=construct.kind,
            verb=construct.verb,
            api_group=construct.api_group,
            file=construct.file,
            input=given,
            trace=options.trace,
            **besides,
        )
    if result.error is not None:
        explain_error(result.error, construct, target.workspace)
    warn_of_missing_caller(target.workspace, besides["auth"])
    return result


def warn_of_missing_caller(workspace: LoadedWorkspace, auth: dict[str, Value] | None) -> None:
    """Say that the row of `--auth` is not there, to a program that looked into its database."""
    if auth is None or "xsrun.database.database" not in sys.modules:
        return
    from xsrun.database.dump_load import has_row

    context = workspace.context()
    try:
        if not has_row(context.session, auth["table"], auth["id"]):
            named = f"--auth {auth['table']}:{auth['id']}"
            warn(f"{named}: the table `{auth['table']}` has no such row; --seed gives it rows")
    finally:
        context.session.close()


def deliver(results: Iterable[Result], target: Target, options: Options, *, several: bool = False) -> bool:
    """Print results; did any end in an error?"""
    failed = False
    for result in results:
        failed = failed or result.error is not None
        if options.json:
            print(to_json(result_document(result, target.shown)))
        else:
            show_result(result, target, several=several)
    return failed


def explain_error(error: XanoScriptError, construct: Construct, workspace: LoadedWorkspace) -> None:
    """Complete the hint of an error: what the checker knows of its place, and how what is missing is given."""
    from xsrun.analysis.explain import explain

    source = workspace.sources.get(error.file or "")
    explain(error, source.text if source is not None else "")
    option = option_for(error, construct)
    if option is not None and "is given as null" not in (error.hint or ""):
        error.hint = f"give it with {option}" + (f"; {error.hint}" if error.hint else "")


def option_for(error: XanoScriptError, construct: Construct) -> str | None:
    """The option that gives what a program lacks: an input of its own, or a variable that no statement sets."""
    bare = construct.kind == "stack"
    match error:
        case MissingParamError(param=str() as name) if name in {one.name for one in construct.declared}:
            return f"--input {name}=VALUE" if error.file == construct.file else None
        case MissingMemberError(root="input", path=path) if bare and "." not in path:
            return f"--input {path}=VALUE"
        case MissingVariableError() if bare and error.file == construct.file:
            return f"--var {error.variable}=VALUE"
    return None


def show_result(result: Result, target: Target, *, several: bool) -> None:
    """Print what a run left; one of `several` results takes one line."""
    print_logs(result.logs, target.shown)
    if result.trace is not None:
        print_trace(result.trace, target.shown)
    if result.error is not None:
        sources = {name: source.text for name, source in target.workspace.sources.items()}
        show_error(result.error, sources, target.shown, result.secrets)
        if isinstance(result.error, StoppedError):
            stopped = result.error.result
            print_value(stopped if result.secrets is None else result.secrets.hide(stopped))
    elif several:
        print(to_json(result.response))
    else:
        print_value(result.response)
    for warning in result.warnings:
        text = described(warning, target.shown)
        warn(text if result.secrets is None else result.secrets.hide_text(text))


def described(warning: Diagnostic | XanoScriptError, shown: Callable[[str], str]) -> str:
    """A warning on one line: the place in the program where it has one, and what to do."""
    place = f"{shown(warning.file)}:{warning.line}: " if warning.file and warning.line else ""
    return f"{place}{warning.message}" + (f"; {warning.hint}" if place and warning.hint else "")


@contextmanager
def profiled(path: str | None, label: str) -> Iterator[None]:
    """Profile what runs inside, if a file to write to is given."""
    if path is None:
        yield
        return
    from xsrun.cli.profile import Sampler
    from xsrun.writing import refuse_unwritable

    refuse_unwritable(path)
    with Sampler() as sampler:
        yield
    sampler.write(path, label)


def warn_of_unknown_inputs(construct: Construct, given: dict[str, Value]) -> None:
    """Say which given inputs the construct does not declare: they are dropped, as the engine drops them."""
    if not given:
        return
    declared = {field.name for field in construct.declared}
    for name in given:
        if name not in declared and declared:
            listed = ", ".join(sorted(declared))
            warn(f"there is no input `{name}`; the inputs are: {listed}")
