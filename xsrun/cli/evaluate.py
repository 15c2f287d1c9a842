"""`xsrun eval`: print the value of an expression."""

from __future__ import annotations

import argparse
import time

from xsrun.cli.arguments import CommandParser, show_error
from xsrun.cli.options import add_environment_option, read_environment, read_value, split_pair
from xsrun.cli.output import print_value, result_document
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import to_json


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("expression", help="an expression, for example '[1, 2, 3]|sum'")
    parser.takes_expression = True
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="set a variable")
    add_environment_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(options: argparse.Namespace) -> int:
    from xsrun.api import Result, evaluate

    variables = {name: read_value(value) for name, value in (split_pair(text, "--var") for text in options.var)}
    environment = read_environment(options.env)
    expression = options.expression.removeprefix(" ")  # which the parser may have put there
    result = Result()
    started = time.perf_counter()
    try:
        result.response = evaluate(expression, variables, environment)
    except XanoScriptError as error:
        from xsrun.analysis.explain import explain

        explain(error, expression, expression=True)
        result.error, result.status = error, error.status
    result.duration = time.perf_counter() - started
    if options.json:
        print(to_json(result_document(result)))
    elif result.error is not None:
        show_error(result.error, {"<expression>": expression})
    else:
        print_value(result.response)
    return 0 if result.error is None else 1
