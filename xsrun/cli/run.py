"""`xsrun run`: run a file, a block of a page, a construct, a bare list of statements, or an expression."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xsrun.cli.arguments import CommandParser, show_error
from xsrun.cli.options import (
    add_run_options,
    read_auth,
    read_body,
    read_files,
    read_headers,
    read_inputs,
    read_value,
    split_pair,
)
from xsrun.cli.output import print_logs, print_trace, print_value, result_document, warn
from xsrun.errors import MissingMemberError, MissingParamError, MissingVariableError, StoppedError, XanoScriptError
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.cli.target import Target
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.result import Result
    from xsrun.workspace.workspace import LoadedWorkspace


#: What may be named, as `--help` says it.
TARGETS = (
    "a .xs file, a page (page.md:12 is the block at that line), a folder, KIND:NAME (query:GET items), a program or "
    "an expression, or - for standard input"
)


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("target", help=TARGETS)
    parser.takes_expression = True
    add_program_options(parser)


def add_program_options(parser: CommandParser) -> None:
    """The options of a run, whatever is named."""
    add_run_options(parser)
    parser.add_argument(
        "--header", "-H", action="append", default=[], metavar="NAME:VALUE", help="a header of the request"
    )
    parser.add_argument("--body", metavar="TEXT", help="the raw body of the request, or @FILE")
    parser.add_argument("--profile", metavar="FILE", help="write where the time goes, as a speedscope file")


def run(options: argparse.Namespace) -> int:
    """Run the target once for each input; the exit status is 1 when any run ended in an error."""
    from xsrun.cli.target import resolve

    target = options.target.removeprefix(" ")  # a blank that the parser may have put there
    return run_target(lambda: resolve(target, options), options)


def run_target(load: Callable[[], Target], options: argparse.Namespace) -> int:
    """Load a target and run it as the options say."""
    inputs = read_inputs(options.input)
    given_besides = read_request(options)
    target = load()
    failed = False
    with target.workspace as workspace:
        if options.seed:
            from xsrun.cli.seeds import seed_file

            seed_file(workspace, options.seed)
        construct = target.find()
        if construct.kind == "stack" and not (construct.items or construct.node or construct.problems):
            warn(f"{target.shown(construct.file)} holds no statements")
        for given in inputs:
            warn_of_unknown_inputs(construct, given)
            with profiled(options.profile, construct.label):
                result = workspace.run(
                    construct.name if construct.kind != "stack" else None,
                    kind=construct.kind,
                    verb=construct.verb,
                    api_group=construct.api_group,
                    file=construct.file,
                    input=given,
                    trace=options.trace,
                    **given_besides,
                )
            failed = failed or result.error is not None
            if result.error is not None:
                explain_error(result.error, construct, workspace)
            if options.json:
                print(to_json(result_document(result, target.shown)))
            else:
                show_result(result, target, several=len(inputs) > 1)
    return 1 if failed else 0


def read_request(options: argparse.Namespace) -> dict[str, Any]:
    """What the options give to every run beside its input, by the parameters of `Workspace.run`."""
    return {
        "variables": {name: read_value(value) for name, value in (split_pair(text, "--var") for text in options.var)},
        "auth": read_auth(options.auth),
        "files": read_files(options.file),
        "headers": read_headers(options.header),
        "body": read_body(options.body),
    }


def explain_error(error: XanoScriptError, construct: Construct, workspace: LoadedWorkspace) -> None:
    """Complete the hint of an error: what the checker knows of its place, and how what is missing is given."""
    from xsrun.analysis.explain import explain

    source = workspace.sources.get(error.file or "")
    explain(error, source.text if source is not None else "")
    option = option_for(error, construct)
    if option is not None:
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
        text = str(getattr(warning, "message", warning))
        warn(text if result.secrets is None else result.secrets.hide_text(text))


@contextmanager
def profiled(path: str | None, label: str) -> Iterator[None]:
    """Profile what runs inside, if a file to write to is given."""
    if path is None:
        yield
        return
    from xsrun.cli.profile import Sampler

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
