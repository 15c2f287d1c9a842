"""`xsrun run`: run a file, a block of a page, a construct, a bare list of statements, or an expression."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.cli.arguments import show_error
from xsrun.cli.declared_options import Declaring, Options
from xsrun.cli.one_run import deliver, run_once
from xsrun.cli.options import (
    add_fill_options,
    add_run_options,
    read_auth,
    read_body,
    read_files,
    read_headers,
    read_inputs,
    read_value,
    split_pair,
)
from xsrun.cli.output import warn
from xsrun.errors import UsageError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsrun.cli.target import Target
    from xsrun.values.conversion import Value
    from xsrun.workspace.construct import Construct


#: What may be named, as `--help` says it.
TARGETS = (
    "a .xs file, a page (page.md:12 is the block at that line), a folder, KIND:NAME (query:GET items), a program or "
    "an expression, or - for standard input"
)


def add_arguments(parser: Declaring) -> None:
    parser.add_argument("target", help=TARGETS)
    add_program_options(parser)
    parser.add_argument(
        "--show-python", action="store_true", help="print the Python code that the program becomes, and do not run it"
    )


def add_program_options(parser: Declaring) -> None:
    """The options of a run, whatever is named."""
    add_run_options(parser)
    add_fill_options(parser)
    parser.add_argument(
        "--header", "-H", action="append", default=[], metavar="NAME:VALUE", help="a header of the request"
    )
    parser.add_argument("--body", metavar="TEXT", help="the raw body of the request, or @FILE")
    parser.add_argument("--profile", metavar="FILE", help="write where the time goes, as a speedscope file")


def run(options: Options) -> int:
    """Run the target once for each input; the exit status is 1 when any run ended in an error."""
    from xsrun.cli.target import resolve

    target = options.target.removeprefix(" ")  # a blank that the parser may have put there
    return run_target(lambda: resolve(target, options), options)


def run_target(load: Callable[[], Target], options: Options) -> int:
    """Load a target and run it as the options say."""
    inputs = read_inputs(options.input)
    given_besides = read_request(options)
    if options.fill:
        from xsrun.cli.filled_run import run_filled

        return run_filled(load, inputs, given_besides, options)
    target = load()
    with target.workspace as workspace:
        if options.seed:
            from xsrun.cli.seeds import seed_file

            for name in options.seed:
                seed_file(workspace, name)
        construct = target.find()
        if construct.kind == "stack" and not (construct.items or construct.node or construct.problems):
            warn(f"{target.shown(construct.file)} holds no statements")
        if options.show_python:
            return show_python(construct, target, list(given_besides["variables"]), inputs[0], options)
        results = (run_once(target, construct, given, given_besides, options) for given in inputs)
        return 1 if deliver(results, target, options, several=len(inputs) > 1) else 0


def show_python(
    construct: Construct, target: Target, variables: list[str], inputs: dict[str, Value], options: Options
) -> int:
    """Print the code that a construct becomes. Raises XanoScriptError."""
    from xsrun.workspace.code_cache import python_of

    if options.json:
        raise UsageError("--show-python and --json exclude one another", hint="the code is text")
    if construct.kind == "stack":
        construct = construct.with_variables(variables, inputs)
    sources = {name: source.text for name, source in target.workspace.sources.items()}
    try:
        print(python_of(construct, sources[construct.file], trace=options.trace))
    except XanoScriptError as error:
        show_error(error, sources, target.shown)
        return 1
    return 0


def read_request(options: Options) -> dict[str, Any]:
    """What the options give to every run beside its input, by the parameters of `Workspace.run`."""
    return {
        "variables": {name: read_value(value) for name, value in (split_pair(text, "--var") for text in options.var)},
        "auth": read_auth(options.auth),
        "files": read_files(options.file),
        "headers": read_headers(options.header),
        "body": read_body(options.body),
    }
