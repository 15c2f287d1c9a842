"""Variables and control flow: `var`, branches, errors, and leaving early (semantics 1). Loops have a module of their
own, imported here so that the registry finds them."""

from __future__ import annotations

import ast

from xsrun.evaluator.quasiquote import (
    assign,
    call,
    constant,
    expression,
    name,
    place,
    statement_position,
    statements,
)
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.statements import loops  # noqa: F401
from xsrun.statements.headers import subject_of
from xsrun.syntax.nodes import Literal, Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


@statement_form("var", "value")
def var(compiler: Compiler, node: Statement) -> None:
    """Create a variable, or give it a new value.

    >>> var $x { value = 1 + 1 }
    {"x": 2}
    """
    target = compiler.target(node)
    value, at = compiler.needed(node, "value"), statement_position(node)

    def emit() -> None:
        if not compiler.update_in_place(target, value, at):
            compiler.store(target, compiler.value(value), at)

    compiler.attempt(node, emit, at)


@statement_form("var.update", "value")
def var_update(compiler: Compiler, node: Statement) -> None:
    """Give a variable, or a path below it, a new value; missing objects on the way are made.

    >>> var $x { value = {} }
    ... var.update $x.a.b { value = 3 }
    {"x": {"a": {"b": 3}}}
    """
    var(compiler, node)


# Branches ------------------------------------------------------------------------------------------------------------


@statement_form("conditional")
def conditional(compiler: Compiler, node: Statement) -> None:
    """Run the first arm whose condition is true.

    >>> var $n { value = 7 }
    ... conditional {
    ...   if ($n > 10) {
    ...     var $size { value = "big" }
    ...   }
    ...   elseif ($n > 5) {
    ...     var $size { value = "mid" }
    ...   }
    ...   else {
    ...     var $size { value = "small" }
    ...   }
    ... }
    {"n": 7, "size": "mid"}
    """
    branches(compiler, node.blocks("if", "elseif"), node.block("else"))


@statement_form("if")
def bare_if(compiler: Compiler, node: Statement) -> None:
    """A lone `if` in the body of a loop runs as a conditional with one arm (language 9).

    >>> var $n { value = 0 }
    ... for (5) {
    ...   each as $i {
    ...     if ($i == 2) { break }
    ...     math.add $n { value = 1 }
    ...   }
    ... }
    {"n": 2, "i": 2}
    """
    if not compiler.scope.loops:
        hint = "wrap it: conditional { if (...) { ... } }"
        raise compiler.refuse("XS327", "`if` must stand inside `conditional { }`", statement_position(node), hint)
    branches(compiler, [node], None)


def branches(compiler: Compiler, arms: list[Statement], otherwise: Statement | None) -> None:
    """An if chain. What every arm assigns is certain afterwards, if there is an `else`."""
    before = set(compiler.scope.assigned)
    certain: set[str] | None = None
    compiled = []
    chain: list[ast.stmt] = []
    with compiler.narrowing():
        for arm in arms:
            subject = subject_of(compiler, arm)
            condition = compiler.stored_condition(subject)
            with compiler.narrowing():
                compiler.learn(subject, holds=True)
                code = compiler.block(arm.body, arm)
            compiled.append((arm, subject, condition, code))
            certain = set(compiler.scope.assigned) if certain is None else certain & compiler.scope.assigned
            compiler.scope.assigned = set(before)
            compiler.learn(subject, holds=False)
        if otherwise is not None:
            chain = compiler.block(otherwise.body, otherwise)
            certain = (certain or set()) & compiler.scope.assigned
        else:
            certain = before
    for arm, _, condition, code in reversed(compiled):
        chain = [place(ast.If(condition, code, chain), statement_position(arm))]
    compiler.scope.assigned = certain
    compiler.emit(chain)
    for _, subject, _, code in compiled:
        if not isinstance(code[-1], (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            break  # whoever comes here may have come through this arm
        compiler.learn(subject, holds=False)


@statement_form("switch")
def switch(compiler: Compiler, node: Statement) -> None:
    """Run the first case that equals the subject, and the ones after it until a `break` (semantics 1.5).

    >>> var $seen { value = [] }
    ... switch ("a") {
    ...   case ("a") {
    ...     array.push $seen { value = 1 }
    ...   } break
    ...   case ("b") {
    ...     array.push $seen { value = 2 }
    ...   } break
    ...   default {
    ...     array.push $seen { value = 3 }
    ...   }
    ... }
    {"seen": [1]}
    """
    at = statement_position(node)
    subject, state = compiler.scope.fresh("subject_"), compiler.scope.fresh("state_")
    compiler.emit(assign(subject, compiler.value(subject_of(compiler, node)), at))
    compiler.emit(assign(state, constant(0, at), at))  # 0 nothing matched yet, 1 falling through, 2 done
    compiler.scope.loops.append({"switch": state})
    with compiler.scope.maybe():
        for case in node.blocks("case"):
            equal = call("loose_equal", case, name(subject, case), compiler.value(subject_of(compiler, case)))
            with compiler.scope.maybe():
                code = compiler.block(case.body, case)
            if case.breaks:
                code = [*code, assign(state, constant(2, case), case)]
            test = expression("S == 1 or (S == 0 and E)", case, S=state, E=equal)
            code.insert(0, assign(state, constant(1, case), case))
            compiler.emit(place(ast.If(test, code, []), statement_position(case)))
        default = node.block("default")
        if default is not None:
            code = compiler.block(default.body, default)
            compiler.emit(place(ast.If(expression("S != 2", default, S=state), code, []), default))
    compiler.scope.loops.pop()


# Errors and leaving early --------------------------------------------------------------------------------------------


@statement_form("try_catch")
def try_catch(compiler: Compiler, node: Statement) -> None:
    """Run `try`; when it raises, `catch` with `$error`; in any case `finally` (semantics 1.4).

    >>> try_catch {
    ...   try {
    ...     throw { name = "Jam", value = 3 }
    ...   }
    ...   catch {
    ...     var $what { value = $error.name }
    ...   }
    ... }
    {"what": "Jam"}
    """
    at = statement_position(node)
    attempt, handler, final = node.block("try"), node.block("catch"), node.block("finally")
    with compiler.scope.maybe():
        code = compiler.block(attempt.body if attempt else None, at)
    error, record = compiler.scope.fresh("error_"), compiler.scope.fresh("record_")
    handlers = []
    if handler is not None:
        compiler.scope.errors.append(record)
        with compiler.scope.maybe(), compiler.collecting() as caught:
            if compiler.trace:
                compiler.emit(statements("context.trace.catches(ERROR)", handler, ERROR=name(error, handler)))
            compiler.emit(assign(record, call("caught", handler, name(error, handler)), handler))
            compiler.emit(compiler.block(handler.body, handler))
        compiler.scope.errors.pop()
        handlers.append(place(ast.ExceptHandler(name("Exception", handler), error, caught), handler))
    ending = compiler.block(final.body, final) if final is not None else []
    if handlers or ending:
        compiler.emit(place(ast.Try(code, handlers, [], ending), at))
    else:
        compiler.emit(code)


@statement_form("throw", "name?: text, value")
def throw(compiler: Compiler, node: Statement) -> None:
    """Raise a named error with a value.

    >>> try_catch {
    ...   try {
    ...     throw {
    ...       name = "Full"
    ...       value = { left: 0 }
    ...     }
    ...   }
    ...   catch {
    ...     var $left { value = $error.result.left }
    ...   }
    ... }
    {"left": 0}
    """
    at = statement_position(node)
    error_name = compiler.attribute(node, "name")
    value = compiler.value(compiler.attribute(node, "value"))
    compiler.emit(
        place(ast.Expr(call("throw", at, compiler.value(error_name or Literal("")), value)), at),
    )


@statement_form("placeholder")
def placeholder(compiler: Compiler, node: Statement) -> None:
    """What an export writes for a statement that the exporting engine does not know. It raises when it is reached.

    >>> try_catch {
    ...   try {
    ...     placeholder "mvp:unknown"
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Missing statement: mvp:placeholder"}
    """
    at = statement_position(node)
    compiler.emit(place(ast.Expr(call("missing_statement", at)), at))


@statement_form("precondition", "error_type?: text, error?, payload?")
def precondition(compiler: Compiler, node: Statement) -> None:
    """Raise an error unless a condition holds.

    >>> precondition (1 < 2) {
    ...   error_type = "inputerror"
    ...   error = "order"
    ... }
    {}
    """
    at = statement_position(node)
    subject = subject_of(compiler, node)
    condition = compiler.stored_condition(subject)
    parts = [
        compiler.value(compiler.attribute(node, attribute) or Literal(default))
        for attribute, default in (("error_type", "standard"), ("error", ""), ("payload", ""))
    ]
    failure = place(ast.Expr(call("fail_precondition", at, *parts)), at)
    test = place(ast.UnaryOp(ast.Not(), condition), at)
    compiler.emit(place(ast.If(test, [failure], []), at))
    compiler.learn(subject, holds=True)


@statement_form("return", "value")
def return_(compiler: Compiler, node: Statement) -> None:
    """End the function, query or task; the value takes the place of its response.

    >>> return { value = 5 }
    5
    """
    value = compiler.attribute(node, "value")
    compiler.emit(place(ast.Return(compiler.value(value)), value or statement_position(node)))


@statement_form("group")
def group(compiler: Compiler, node: Statement) -> None:
    """Statements kept together; its variables stay visible after it.

    >>> group {
    ...   stack {
    ...     var $x { value = 1 }
    ...   }
    ... }
    {"x": 1}
    """
    stack = node.block("stack")
    compiler.stack(stack.body.items if stack and stack.body else [])
