"""`run.job` and `run.service`: what they run, and what they run after it (semantics 7.7)."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.running.context import Context
from xsrun.syntax.nodes import Expression
from xsrun.values.conversion import Value, describe
from xsrun.workspace.construct import Construct

_WORDS: dict[type, str] = {str: "a text", dict: "an object"}


def run_job(construct: Construct, context: Context, inputs: dict[str, Value] | None = None) -> Value:
    """Run the function that `main` (of a service: `pre`) names, once, with its input; then that of `post`.

    `inputs` take the place of its input.
    """
    construct.fail_if_broken()
    main = construct.attribute("main" if construct.kind == "run.job" else "pre")
    if main is None:
        return None
    response = _call(construct, context, main, inputs)
    post = construct.attribute("post")
    if post is not None:
        _call(construct, context, post)
    return response


def _call(
    construct: Construct, context: Context, settings: Expression, inputs: dict[str, Value] | None = None
) -> Value:
    from xsrun.evaluator.stack_functions import compile_expression

    named = compile_expression(settings, construct.file)(context, {})
    members = named if named.__class__ is dict else {}
    name, given = members.get("name", ""), members.get("input") or {}
    given = given if inputs is None else inputs
    for member, value, wanted in (("name", name, str), ("input", given, dict)):
        if value.__class__ is not wanted:
            message = f"The `{member}` of what {construct.kind} runs must be {_WORDS[wanted]}, not {describe(value)}."
            raise XanoScriptError(message, file=construct.file, line=settings.line, column=settings.column)
    return context.call("function", name, given)
