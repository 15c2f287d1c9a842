"""`xsrun run`: run a file, a construct, or a bare list of statements."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xsrun.cli.arguments import show_error
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
from xsrun.cli.output import print_logs, print_trace, print_value, result_document
from xsrun.errors import MissingMemberError, StoppedError, XanoScriptError
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.result import Result
    from xsrun.workspace.workspace import LoadedWorkspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", help="a .xs file, a folder, KIND:NAME (query:GET items), or - for standard input")
    add_run_options(parser)
    parser.add_argument(
        "--header", "-H", action="append", default=[], metavar="NAME:VALUE", help="a header of the request"
    )
    parser.add_argument("--body", metavar="TEXT", help="the raw body of the request, or @FILE")
    parser.add_argument("--profile", metavar="FILE", help="write where the time goes, as a speedscope file")


def run(options: argparse.Namespace) -> int:
    """Run the target once for each input; the exit status is 1 when any run ended in an error."""
    from xsrun.cli.target import resolve

    inputs = read_inputs(options.input)
    given_besides = read_request(options)
    target = resolve(options.target, options)
    failed = False
    with target.workspace as workspace:
        if options.seed:
            from xsrun.cli.seeds import seed_file

            seed_file(workspace, options.seed)
        construct = workspace.find(target.name, target.kind, target.verb, None, target.file)
        if construct.kind == "stack" and not construct.items and not construct.problems:
            print(f"warning: {workspace.shown(construct.file)} holds no statements", file=sys.stderr)
        for given in inputs:
            warn_of_unknown_inputs(construct, given)
            with profiled(options.profile, construct.label):
                result = workspace.run(
                    construct.name if construct.kind != "stack" else None,
                    kind=construct.kind,
                    verb=construct.verb,
                    file=construct.file,
                    input=given,
                    trace=options.trace,
                    **given_besides,
                )
            failed = failed or result.error is not None
            if result.error is not None:
                explain_error(result.error, construct, workspace)
            if options.json:
                print(to_json(result_document(result)))
            else:
                show_result(result, workspace, several=len(inputs) > 1)
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
    """Complete the hint of an error: what the checker knows of its place, and how a missing input is given."""
    from xsrun.analysis.explain import explain

    source = workspace.sources.get(error.file or "")
    explain(error, source.text if source is not None else "")
    if construct.kind == "stack" and isinstance(error, MissingMemberError):
        root, path = error.root, error.path
        if root == "input" and "." not in path:
            error.hint = f"give it with --input {path}=VALUE"


def show_result(result: Result, workspace: LoadedWorkspace, *, several: bool) -> None:
    """Print what a run left; one of `several` results takes one line."""
    print_logs(result.logs, workspace.shown)
    if result.trace is not None:
        print_trace(result.trace, workspace.shown)
    if result.error is not None:
        sources = {name: source.text for name, source in workspace.sources.items()}
        show_error(result.error, sources, workspace.shown, result.secrets)
        if isinstance(result.error, StoppedError):
            stopped = result.error.result
            print_value(stopped if result.secrets is None else result.secrets.hide(stopped))
    elif several:
        print(to_json(result.response))
    else:
        print_value(result.response)
    for warning in result.warnings:
        text = str(getattr(warning, "message", warning))
        text = text if result.secrets is None else result.secrets.hide_text(text)
        print(f"warning: {text}", file=sys.stderr)


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
            print(f"warning: there is no input `{name}`; the inputs are: {listed}", file=sys.stderr)
