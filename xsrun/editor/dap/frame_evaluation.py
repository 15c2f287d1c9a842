"""Expressions of XanoScript in the middle of a program: conditions, watches, and what a user types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xsrun.errors import UsageError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.evaluator.stack_functions import compile_expression
from xsrun.fields.compiling import untyped_fields
from xsrun.names.places import place_of
from xsrun.records import made, record
from xsrun.running.context import Context, Limits
from xsrun.running.watchdog import watched
from xsrun.syntax.nodes import Expression
from xsrun.syntax.parser import parser, raise_problems
from xsrun.syntax.source import Source
from xsrun.values.conversion import Value, truthy

if TYPE_CHECKING:
    from xsrun.editor.dap.program_frames import ProgramFrame

_FILE = "<expression>"
#: How far what a user types may go.
_LIMITS = Limits(steps=1_000_000, seconds=5.0)


@record
class Surroundings:
    """The values that an expression may read."""

    variables: Mapping[str, Value] = made(factory=dict)
    inputs: Mapping[str, Value] = made(factory=dict)
    elements: Mapping[str, Value] = made(factory=dict)


def around(frame: ProgramFrame, **more: Value) -> Surroundings:
    """What an expression may read in a call; `more` are variables besides."""
    return Surroundings({**frame.variables, **more}, frame.inputs, frame.elements)


def tree_of(text: str) -> Expression:
    """The tree of an expression. Raises XanoScriptSyntaxError."""
    return raise_problems(parser().parse(Source(text, _FILE), "expression"))


def evaluate_in(text: str | Expression, given: Surroundings, context: Context) -> Value:
    """The value of an expression. Raises XanoScriptError. It runs apart from the program, whose limits it leaves."""
    tree = tree_of(text) if isinstance(text, str) else text
    inputs = {name: value for name, value in given.inputs.items() if name.isidentifier() and name.isascii()}
    run = compile_expression(tree, _FILE, given.variables, inputs=untyped_fields(inputs), elements=given.elements)
    own = Context(
        context.workspace,
        limits=_LIMITS,
        clock=context.clock,
        environment=context.environment,
        auth=context.auth,
        request=context.request,
        datasource=context.datasource,
    )
    own.start()
    values = (*given.variables.values(), *inputs.values(), *given.elements.values())
    try:
        return watched(own, run, own, {}, *values)
    except Exception as error:
        raise translate(error) from None


def holds(text: str, given: Surroundings, context: Context) -> bool:
    """Is a condition true? One that cannot be evaluated is not."""
    try:
        return truthy(evaluate_in(text, given, context))
    except XanoScriptError:
        return False


def target_of(text: str, given: Surroundings, context: Context) -> tuple[str, str, list[Value]]:
    """The place that a text names, to be set: "var", "input" or "env", the name there, and keys below.

    Raises UsageError for what is not such a place.
    """
    place = place_of(tree_of(text))
    if place is None:
        raise UsageError(f"{text} cannot be set", hint="name a variable, or a member of one: $x, $x.list[0]")
    root, segments = place
    keys = [
        evaluate_in(one.key, given, context)
        if isinstance(one.key, Expression)
        else given.variables.get(str(one.key))
        if one.form == "variable"
        else one.key
        for one in segments
    ]
    if root in ("input", "env"):
        if not keys:
            raise UsageError(f"${root} cannot be set as a whole", hint=f"name one of its members: ${root}.NAME")
        return root, str(keys[0]), keys[1:]
    if root in ("auth", "db", "error", "this", ""):
        raise UsageError(f"${root} cannot be set", hint="variables, inputs and $env can")
    return "var", root, keys
