"""The value of an expression that stands alone."""

from __future__ import annotations

from pathlib import Path

from xsrun.evaluator.generated.tracebacks import translate
from xsrun.evaluator.stack_functions import compile_expression
from xsrun.running.watchdog import watched
from xsrun.syntax.parser import parser, raise_problems
from xsrun.syntax.source import Source
from xsrun.values.conversion import Value
from xsrun.workspace.environment import values_of_process
from xsrun.workspace.environment_reads import names_in
from xsrun.workspace.workspace import LoadedWorkspace

#: What an expression is called in messages.
EXPRESSION = "<expression>"


def value_of_expression(
    expression: str, variables: dict[str, Value], env: dict[str, Value] | None = None, root: Path | None = None
) -> Value:
    """The value of one expression, with variables by name and values of `$env`, in the workspace at `root`.

    Raises XanoScriptError.
    """
    tree = raise_problems(parser().parse(Source(expression, EXPRESSION), "expression"))
    workspace = LoadedWorkspace({}, root, env={**values_of_process(names_in([tree])), **(env or {})})
    try:
        run = compile_expression(tree, EXPRESSION, variables)
        context = workspace.context()
        return watched(context, run, context, {}, *variables.values())
    except Exception as error:
        raise translate(error) from None
    finally:
        workspace.close()
