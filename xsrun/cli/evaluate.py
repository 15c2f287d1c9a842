"""`xsrun eval`: print the value of an expression."""

from __future__ import annotations

import time

from xsrun.cli.arguments import show_error
from xsrun.cli.declared_options import Declaring, Options
from xsrun.cli.options import read_auth, read_clock, read_environment, read_inputs, read_value, split_pair
from xsrun.cli.output import print_value, result_document
from xsrun.cli.run import add_program_options, run_target
from xsrun.errors import MissingMemberError, MissingVariableError, UsageError, XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.cli.named import Named


#: The options that the value of an expression alone depends on. With any other it is run as a program is.
_OF_EXPRESSIONS = frozenset(("expression", "input", "var", "auth", "json", "workspace", "env", "now", "fill_seed"))


def add_arguments(parser: Declaring) -> None:
    parser.add_argument(
        "expression",
        help="an expression, for example '[1, 2, 3]|sum', or whatever `xsrun run` takes: statements, a .xs file, "
        "page.md:12, - for standard input",
    )
    add_program_options(parser)
    parser.set_defaults(show_python=False)


def run(options: Options) -> int:
    from xsrun.cli.named import ARGUMENT, named

    what = named(options.expression.removeprefix(" "), expression=True)  # a blank that the parser may have put there
    if what.name != ARGUMENT or asks_for_more(options) or is_program(what, [name for name, _ in variables_of(options)]):
        from xsrun.cli.target import load_named

        return run_target(lambda: load_named(what, options), options)
    return evaluate_expression(what.text or "", options)


def asks_for_more(options: Options) -> bool:
    """Is an option given that only a program's run takes?"""
    given = {name for name, value in vars(options).items() if value and (name, value) != ("database", "sqlite://")}
    return bool(given - _OF_EXPRESSIONS)


def variables_of(options: Options) -> list[tuple[str, str]]:
    """The variables that are given, by name, with their values as text."""
    return [split_pair(text, "--var") for text in options.var]


def is_program(what: Named, variables: list[str]) -> bool:
    """Is a text no expression, but statements or members of a construct?"""
    from xsrun.workspace.expressions import kept

    if kept(what.text or "", dict.fromkeys(variables)) is not None:
        return False
    from xsrun.syntax.parser import parser
    from xsrun.syntax.source import Source
    from xsrun.workspace.forms import is_erroneous, read_form

    source = Source(what.text or "", what.name)
    return is_erroneous(parser().parse(source, "expression")) and not is_erroneous(read_form(source))


def evaluate_expression(expression: str, options: Options) -> int:
    """Print the value of an expression in the workspace around the user, whose `.env` counts."""
    from xsrun.workspace.argument_checks import identity_of
    from xsrun.workspace.expressions import EXPRESSION, value_of_expression
    from xsrun.workspace.result import Result
    from xsrun.workspace.roots import chosen_workspace, workspace_above

    inputs = read_inputs(options.input)
    if len(inputs) != 1:
        raise UsageError("an expression takes one set of inputs", hint="xsrun run FILE takes a .jsonl file")
    auth = identity_of(read_auth(options.auth))
    variables = {name: read_value(value) for name, value in variables_of(options)}
    environment = read_environment(options.env)
    root = chosen_workspace(options.workspace) or workspace_above(".")
    result = Result()
    started = time.perf_counter()
    try:
        result.response = value_of_expression(
            expression, variables, environment, root, inputs=inputs[0], auth=auth, clock=read_clock(options.now)
        )
    except XanoScriptError as error:
        explain_expression(error, expression)
        result.error, result.status = error, error.status
    result.duration = time.perf_counter() - started
    if options.json:
        print(to_json(result_document(result)))
    elif result.error is not None:
        show_error(result.error, {EXPRESSION: expression})
    else:
        print_value(result.response)
    return 0 if result.error is None else 1


def explain_expression(error: XanoScriptError, expression: str) -> None:
    """Complete the hint of an error: what the checker knows, and how a variable is given."""
    from xsrun.analysis.explain import explain

    explain(error, expression, expression=True)
    match error:
        case MissingVariableError() if error.variable.isidentifier():
            error.hint = f"give it with --var {error.variable}=VALUE"
        case MissingMemberError(root="input", path=path) if "." not in path:
            error.hint = f"give it with --input {path}=VALUE"
