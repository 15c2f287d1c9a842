"""The value of an expression that stands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun import cache
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.fields.declared import Declared
from xsrun.reading import AnyPath
from xsrun.running.context import Identity
from xsrun.running.watchdog import watched
from xsrun.syntax.source import Source
from xsrun.values.conversion import Value
from xsrun.workspace import code_cache
from xsrun.workspace.environment import values_of_process
from xsrun.workspace.workspace import LoadedWorkspace

#: An expression as a function of the context, a dict that nothing reads, and the values of its variables.
Run = Callable[..., Value]
#: What an expression is called in messages.
EXPRESSION = "<expression>"


def value_of_expression(
    expression: str,
    variables: dict[str, Value],
    env: dict[str, Value] | None = None,
    root: AnyPath | None = None,
    *,
    inputs: dict[str, Value] | None = None,
    auth: Identity | None = None,
    clock: int | None = None,
) -> Value:
    """The value of one expression, with variables by name and values of `$env`, in the workspace at `root`.

    `inputs` are what `$input` holds, `auth` is who calls, `clock` the time in milliseconds.

    Raises XanoScriptError.
    """
    inputs = inputs or {}
    found = kept(expression, variables, inputs)
    if found is None:
        found = _compiled(expression, variables, inputs)
    run, environment = found
    workspace = LoadedWorkspace({}, root, env={**values_of_process(environment), **(env or {})}, clock=clock)
    try:
        context = workspace.context(auth=auth)
        return watched(context, run, context, inputs, *variables.values(), *inputs.values())
    except Exception as error:
        raise translate(error) from None
    finally:
        workspace.close()


def kept(expression: str, variables: Iterable[str], inputs: Iterable[str] = ()) -> tuple[Run, list[str]] | None:
    """An expression that was compiled before for these names, and the values of `$env` that it reads; or None."""
    data = cache.read("expression", _key(expression, variables, inputs))
    if data is None:
        return None
    code, parts = cache.unpacked(data)
    return code_cache.linked(EXPRESSION, code, parts, []).run, parts[0]


def _key(expression: str, variables: Iterable[str], inputs: Iterable[str]) -> str:
    return cache.digest(cache.fingerprint(), expression, *variables, *(f"input.{name}" for name in inputs))


def _compiled(expression: str, variables: Iterable[str], inputs: Iterable[str]) -> tuple[Run, list[str]]:
    """An expression as code, which is kept. Raises XanoScriptError."""
    from xsrun.evaluator.stack_functions import compiled_expression
    from xsrun.syntax.parser import parser, raise_problems
    from xsrun.workspace.environment_reads import names_in

    tree = raise_problems(parser().parse(Source(expression, EXPRESSION), "expression"))
    environment = sorted(set(names_in([tree])))
    try:
        compiled = compiled_expression(tree, EXPRESSION, variables, inputs=[Declared(name, "json") for name in inputs])
    except Exception as error:
        raise translate(error) from None
    code_cache.keep("expression", _key(expression, variables, inputs), compiled, environment)
    return compiled.run, environment
