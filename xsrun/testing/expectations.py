"""The `input` and the expectations of a unit test, made ready to run, and the judging of a response by them."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.diagnostics.suggest import did_you_mean
from xsrun.errors import InputError, UsageError, XanoScriptError
from xsrun.evaluator.generated.operations import lookup
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.evaluator.stack_functions import compile_expression
from xsrun.names.fixed_values import UNKNOWN, fixed_value
from xsrun.names.places import ungrouped
from xsrun.records import record
from xsrun.running.assertions import OPERANDS, Verdict, judge, throws
from xsrun.running.context import Context
from xsrun.statements.expect import matches
from xsrun.syntax.nodes import (
    Binary,
    Expression,
    Literal,
    Path,
    Statement,
    Variable,
)
from xsrun.testing.difference import difference
from xsrun.testing.report import Expectation
from xsrun.values.conversion import Value, to_text

#: Roots that an expectation may read: the response, the environment, and those of per-element expressions.
VISIBLE = frozenset(("response", "env", "$", "this", "index", "parent", "result"))

Reader = Callable[[Context, Value], Value]


class TestMistake(UsageError):
    """A test block with a mistake: an unknown assertion, a variable that tests do not see."""

    __test__ = False  # not one of pytest's


@record(frozen=True)
class Planned:
    """An expectation ready to be judged: readers of its subject and operands."""

    assertion: str
    line: int
    subject: Reader
    operands: tuple[Reader, ...]


def plan(test: Statement, file: str) -> list[Planned]:
    """The expectations of a test block in their order. Raises TestMistake with the line of what is wrong."""
    return [_planned(node, file) for node in test.blocks() if not _is_off(node)]


def _is_off(node: Statement) -> bool:
    disabled = node.attribute("disabled")
    return node.disabled or (isinstance(disabled, Literal) and disabled.value is True)


def _planned(node: Statement, file: str) -> Planned:
    assertion = node.name.removeprefix("expect.")
    if assertion == "to_throw" and node.name.startswith("expect."):
        wanted = node.attribute("exception") or node.attribute("value")
        return Planned(assertion, node.line, _nothing, (reader(wanted, file),))
    if not node.name.startswith("expect.") or assertion not in OPERANDS:
        known = [f"expect.{name}" for name in (*OPERANDS, "to_throw")]
        hint = did_you_mean(node.name, known) or "a test holds `input` and expect.* statements"
        raise TestMistake(f"`{node.name}` is not an expectation", file=file, line=node.line, hint=hint)
    if not isinstance(node.target, Expression):
        text = f"`{node.name}` needs what it looks at in parentheses"
        raise TestMistake(text, file=file, line=node.line, hint=f"write {node.name} ($response)")
    operands = []
    for name in OPERANDS[assertion]:
        value = node.attribute(name)
        if value is None:
            raise TestMistake(f"`{node.name}` needs the attribute `{name}`", file=file, line=node.line)
        operands.append(reader(value, file))
    return Planned(assertion, node.line, reader(node.target, file, tolerant=True), tuple(operands))


# Reading values ------------------------------------------------------------------------------------------------------


def _nothing(_context: Context, _response: Value) -> Value:
    return None


def reader(node: Expression | None, file: str, *, tolerant: bool = False) -> Reader:
    """How to read an expression of a test; with `tolerant`, a path that is missing is null.

    Literals and plain paths of the response, which is nearly all there is, need no compiler.
    """
    if node is None:
        return _nothing
    fixed = fixed_value(node)
    if fixed is not UNKNOWN:
        return lambda context, response: fixed
    keys = _response_path(node) if tolerant else None
    if keys is not None:
        return lambda context, response: lookup(response, keys)
    check_visible(node, file)
    if tolerant:
        node = Binary(node, "??", Literal(None)).at(node, node)
    compiled = compile_expression(node, file, ["response"])
    return lambda context, response: compiled(context, {}, response)


def _response_path(node: Expression) -> list[Value] | None:
    """The keys of `$response.a[0]` when all of them are plain."""
    node = ungrouped(node)
    base, segments = (node.base, node.segments) if isinstance(node, Path) else (node, [])
    if not (isinstance(base, Variable) and base.name == "response"):
        return None
    keys: list[Value] = []
    for segment in segments:
        if segment.form == "variable":
            return None
        key = segment.key
        if isinstance(key, Literal):
            keys.append(key.value)
        elif isinstance(key, Expression):
            return None
        else:
            keys.append(key)
    return keys


def check_visible(node: Expression, file: str) -> None:
    """Refuse variables that a test does not see. Raises TestMistake."""
    for part in node.walk():
        if isinstance(part, Variable) and part.name not in VISIBLE and not part.name.isdigit():
            raise TestMistake(
                f"a unit test sees only $response, not the variable `${part.name}`",
                file=file,
                line=part.line,
                column=part.column,
                hint="put the value into the response to look at it",
            )


# Judging -------------------------------------------------------------------------------------------------------------


def judge_all(
    planned: list[Planned], context: Context, response: Value, error: XanoScriptError | None
) -> list[Expectation]:
    """Every expectation judged, the later ones too when an earlier one fails."""
    return [_judged(one, context, response, error) for one in planned]


def _judged(one: Planned, context: Context, response: Value, error: XanoScriptError | None) -> Expectation:
    actual: Value = None
    operands: list[Value] = []
    try:
        operands = [read(context, response) for read in one.operands]
        if one.assertion == "to_throw":
            verdict = throws(error, operands[0])
            actual = str(error) if error is not None else None
        elif error is not None:
            verdict = Verdict(False, describe(error))
        else:
            actual = one.subject(context, response)
            verdict = judge(one.assertion, actual, operands, now=context.now(), matches=matches)
    except Exception as raised:
        verdict = Verdict(False, f"{one.assertion} failed - {translate(raised)}")
    expected = operands[0] if len(operands) == 1 else operands or None
    made = Expectation(one.assertion, one.line, verdict.passes, verdict.message, expected, actual)
    if not verdict.passes and one.assertion == "to_equal" and error is None:
        made.difference = difference(expected, actual)
    return made


def describe(error: XanoScriptError) -> str:
    """An error as the message of a test that did not expect it."""
    text = error.described() if isinstance(error, InputError) else str(error)
    if not text:
        return f"the run raised {error.code} without a message"
    return text if error.code in ("ERROR_FATAL", "ERROR_CODE_THROWN_ERROR") else f"{text} ({error.code})"


def as_input(value: Value) -> dict[str, Value]:
    """The `input` of a test, which must be an object."""
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise TestMistake("the input of a test must be an object", hint="write input = {name: value}")
    return {to_text(key): item for key, item in value.items()}
