"""Expectations as statements, for workflow tests: one that does not hold raises (semantics 8.2, 8.3).

The expectations of a unit test are judged by the test runner, with the same rules (`xsrun.running.assertions`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun import registry
from xsrun.errors import XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.evaluator.quasiquote import call, constant, name, place, statement_position, tuple_of
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.running.assertions import OPERANDS, ExpectationError, judge, throws
from xsrun.running.context import Context
from xsrun.statements.headers import subject_of
from xsrun.syntax.nodes import Literal, Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

#: The key in a run's scratch room that tells an `api.call` to raise what it would bind elsewhere.
EXPECTING_ERROR = "expecting an error"


def matches(pattern: str, subject: str) -> bool:
    """Does a pattern in delimiters match? The filter of that name decides."""
    record = registry.find_filter("regex_matches")
    assert record is not None
    return bool(record.function(pattern, subject))


def expect(context: Context, assertion: str, subject: Value, operands: tuple[Value, ...]) -> None:
    """Raise ExpectationError unless the assertion holds."""
    verdict = judge(assertion, subject, list(operands), now=context.now(), matches=matches)
    if not verdict.passes:
        raise ExpectationError(verdict.message, subject, list(operands))


def expect_error(context: Context, run: Callable[[], Value], wanted: Value) -> None:
    """Run a stack that must raise an error (with a text in it); raise ExpectationError when it does not."""
    error: XanoScriptError | None = None
    outer = context.scratch.get(EXPECTING_ERROR)
    context.scratch[EXPECTING_ERROR] = True
    try:
        run()
    except Exception as raised:
        error = translate(raised)
        if not error.catchable:
            raise
    finally:
        context.scratch[EXPECTING_ERROR] = outer
    verdict = throws(error, wanted)
    if not verdict.passes:
        raise ExpectationError(verdict.message, None if error is None else error.as_record(), [wanted])


def emit_expectation(compiler: Compiler, node: Statement) -> None:
    """The subject, which may be a path that is missing, and the attributes of an assertion, judged when they run."""
    at = statement_position(node)
    assertion = node.name.removeprefix("expect.")
    subject = compiler.tolerant(subject_of(compiler, node))
    operands = [compiler.value(compiler.needed(node, attribute)) for attribute in OPERANDS[assertion]]
    function = compiler.linker.helper(expect)
    made = call(function, at, name("context", at), constant(assertion, at), subject, tuple_of(operands, at))
    compiler.emit(place(ast.Expr(made), at))


@statement_form("expect.to_throw", "exception?, value?")
def to_throw(compiler: Compiler, node: Statement) -> None:
    """Run the stack, which must raise an error; with `exception`, one whose text contains it, in whatever case.

    The stack has variables of its own: it sees none from outside, and leaves none. What it wrote to the database
    stays (evidence j2).

    >>> expect.to_throw {
    ...   stack {
    ...     precondition (false) {
    ...       error = "The lock is shut"
    ...     }
    ...   }
    ...   exception = "lock is"
    ... }
    {}
    """
    at = statement_position(node)
    stack = node.block("stack")
    assert stack is not None
    wanted = compiler.value(node.attribute("exception") or node.attribute("value") or Literal(None))
    run = compiler.nested_function(stack.body, at, isolated=True)
    function = compiler.linker.helper(expect_error)
    compiler.emit(place(ast.Expr(call(function, at, name("context", at), name(run, at), wanted)), at))


@statement_form("expect.to_equal", "value")
def to_equal(compiler: Compiler, node: Statement) -> None:
    """The subject equals the value: deeply, and as `==` compares, so 2 equals 2.0.

    >>> expect.to_equal (1 + 1) { value = 2.0 }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_not_equal", "value")
def to_not_equal(compiler: Compiler, node: Statement) -> None:
    """The subject does not equal the value.

    >>> expect.to_not_equal ("red") { value = "blue" }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_greater_than", "value")
def to_be_greater_than(compiler: Compiler, node: Statement) -> None:
    """The subject is greater than the value. Null, lists and objects never are.

    >>> expect.to_be_greater_than (5) { value = 4 }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_less_than", "value")
def to_be_less_than(compiler: Compiler, node: Statement) -> None:
    """The subject is less than the value. Null, lists and objects never are.

    >>> expect.to_be_less_than (5) { value = 5.5 }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_within", "min, max")
def to_be_within(compiler: Compiler, node: Statement) -> None:
    """The subject lies between `min` and `max`; neither bound is included.

    >>> expect.to_be_within (3) { min = 2, max = 4 }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_contain", "value")
def to_contain(compiler: Compiler, node: Statement) -> None:
    """The list or object has an element that equals the value, or the text has the value as a part.

    >>> expect.to_contain (["oak", "elm"]) { value = "elm" }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_start_with", "value")
def to_start_with(compiler: Compiler, node: Statement) -> None:
    """The text starts with the value.

    >>> expect.to_start_with ("harbour") { value = "harb" }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_end_with", "value")
def to_end_with(compiler: Compiler, node: Statement) -> None:
    """The text ends with the value.

    >>> expect.to_end_with ("harbour") { value = "our" }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_match", "value")
def to_match(compiler: Compiler, node: Statement) -> None:
    """The text matches a regular expression, in delimiters or bare.

    >>> expect.to_match ("pier 12") { value = "/^pier \\d+$/" }
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_true")
def to_be_true(compiler: Compiler, node: Statement) -> None:
    """The subject is true, or the number 1.

    >>> expect.to_be_true (2 > 1)
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_false")
def to_be_false(compiler: Compiler, node: Statement) -> None:
    """The subject is false, or the number 0. Null is not.

    >>> expect.to_be_false (2 < 1)
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_null")
def to_be_null(compiler: Compiler, node: Statement) -> None:
    """The subject is null, or a path that is not there.

    >>> var $boat { value = {} }
    ... expect.to_be_null ($boat.captain)
    {"boat": {}}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_not_be_null")
def to_not_be_null(compiler: Compiler, node: Statement) -> None:
    """The subject is there and is not null.

    >>> expect.to_not_be_null (0)
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_defined")
def to_be_defined(compiler: Compiler, node: Statement) -> None:
    """The subject is there and is not null.

    >>> expect.to_be_defined ("")
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_not_be_defined")
def to_not_be_defined(compiler: Compiler, node: Statement) -> None:
    """The subject is a path or variable that is not there, or null.

    >>> var $boat { value = {} }
    ... expect.to_not_be_defined ($boat.captain)
    {"boat": {}}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_empty")
def to_be_empty(compiler: Compiler, node: Statement) -> None:
    """The subject is null, false, 0, an empty text, list or object.

    >>> expect.to_be_empty ([])
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_in_the_past")
def to_be_in_the_past(compiler: Compiler, node: Statement) -> None:
    """The subject is a time before now: milliseconds, or a text with a time.

    >>> expect.to_be_in_the_past ("1999-12-31")
    {}
    """
    emit_expectation(compiler, node)


@statement_form("expect.to_be_in_the_future")
def to_be_in_the_future(compiler: Compiler, node: Statement) -> None:
    """The subject is a time after now: milliseconds, or a text with a time.

    >>> expect.to_be_in_the_future (now|add_secs_to_timestamp:60)
    {}
    """
    emit_expectation(compiler, node)
