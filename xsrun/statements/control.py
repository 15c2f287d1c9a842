"""Variables and control flow: `var`, branches, loops, errors, and leaving early (semantics 1)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xsrun.evaluator.quasiquote import (
    Part,
    assign,
    bind,
    call,
    constant,
    expression,
    name,
    place,
    statement_position,
    statements,
)
from xsrun.names.places import place_of, ungrouped
from xsrun.registry import statement_form
from xsrun.syntax.nodes import Body, Expression, Group, Literal, Node, Path, Segment, Statement, Variable, Word
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


@statement_form("var", "value")
def var(compiler: Compiler, node: Statement) -> None:
    """Create a variable, or give it a new value.

    >>> var $x { value = 1 + 1 }
    {"x": 2}
    """
    target = compiler.target(node)
    if not isinstance(target, (Variable, Path)):
        raise compiler.refuse("XS307", "a variable must follow `var`", target, "write var $name { value = ... }")
    value, at = compiler.needed(node, "value"), statement_position(node)
    if not compiler.update_in_place(target, value, at):
        compiler.store(target, compiler.value(value), at)


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
    arms = node.blocks("if", "elseif")
    if not arms:
        hint = "its first block is if (...) { ... }"
        raise compiler.refuse("XS324", "this conditional has no `if`", statement_position(node), hint)
    branches(compiler, arms, node.block("else"))


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
    for arm in arms:
        condition = compiler.stored_condition(subject_of(compiler, arm))
        code = compiler.block(arm.body, arm)
        compiled.append((arm, condition, code))
        certain = set(compiler.scope.assigned) if certain is None else certain & compiler.scope.assigned
        compiler.scope.assigned = set(before)
    chain: list[ast.stmt] = []
    if otherwise is not None:
        chain = compiler.block(otherwise.body, otherwise)
        certain = (certain or set()) & compiler.scope.assigned
    else:
        certain = before
    for arm, condition, code in reversed(compiled):
        chain = [place(ast.If(condition, code, chain), statement_position(arm))]
    compiler.scope.assigned = certain
    compiler.emit(chain)


def subject_of(compiler: Compiler, node: Statement) -> Expression:
    """The expression in parentheses of a header."""
    target = node.target
    if isinstance(target, Group):
        return target.expression
    if isinstance(target, Expression):
        return target
    raise compiler.refuse("XS313", f"`{node.name}` needs a value in parentheses", statement_position(node))


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


# Loops ---------------------------------------------------------------------------------------------------------------


def loop_body(compiler: Compiler, node: Statement) -> tuple[Expression | None, Body | None]:
    """The loop variable and body of the `each` block."""
    each = node.block("each")
    if each is None:
        if node.body is None or not node.body.items:
            return None, None
        hint = "wrap the body: each as $item { ... }" if node.name != "while" else "wrap the body: each { ... }"
        message = f"the body of `{node.name}` stands in each {{ }}"
        raise compiler.refuse("XS322", message, statement_position(node), hint)
    target = each.target
    return (target if isinstance(target, Expression) else None), each.body


def emit_loop(
    compiler: Compiler,
    node: Statement,
    header: str,
    *,
    before: list[ast.stmt] | None = None,
    item: str | None = None,
    loop: Mapping[str, str] | None = None,
    **parts: Part,
) -> None:
    """A Python loop that counts its passes against the limits.

    The count is kept in a local variable; the outermost loop of a function takes it from the context and puts it back.
    `before` comes before each pass, `item` names what holds the item, `loop` tells the statements inside of this loop.
    """
    at = statement_position(node)
    loops = compiler.scope.loops
    outermost = not any("budget" in loop for loop in loops)
    if outermost:
        compiler.emit(statements("budget = context.budget", at))
    variable, body = loop_body(compiler, node)
    loops.append({"budget": True, **(loop or {})})
    with compiler.scope.maybe(), compiler.collecting() as code:
        compiler.emit(
            statements("budget -= 1\nif budget < 0:\n    budget = tick(context)", at),
        )
        if before is not None:
            compiler.emit(before)
        if isinstance(variable, Variable) and item is not None and not compiler.scope.nested:
            parts["ITEM"] = f"v_{compiler.changeable(variable)[0]}"
            compiler.scope.assigned.add(compiler.changeable(variable)[0])
        elif variable is not None and item is not None:
            compiler.store(variable, name(item, at), variable)
        compiler.emit(compiler.block(body, at))
    loops.pop()
    compiler.emit(statements(f"{header}\n    CODE", at, CODE=code, **parts))
    if outermost:
        compiler.emit(statements("context.budget = budget", at))


@statement_form("foreach")
def foreach(compiler: Compiler, node: Statement) -> None:
    """Run the body for each item of a list or stream (semantics 1.6).

    >>> var $sum { value = 0 }
    ... foreach ([1, 2, 3]) {
    ...   each as $n {
    ...     math.add $sum { value = $n }
    ...   }
    ... }
    {"sum": 6, "n": 3}
    """
    subject = subject_of(compiler, node)
    item = compiler.scope.fresh("item_")
    if removes_items(node):
        foreach_with_removal(compiler, node, subject, item)
        return
    emit_loop(compiler, node, "for ITEM in iterate(LIST):", ITEM=item, LIST=compiler.value(subject), item=item)


def removes_items(node: Statement) -> bool:
    """Does the body remove items of this loop's list? Loops inside have their own."""
    pending: list[Node] = [item for block in node.blocks("each") if block.body for item in block.body.items]
    while pending:
        item = pending.pop()
        if isinstance(item, Statement):
            if item.name in ("foreach.remove", "remove"):
                return True
            if item.name not in ("foreach", "for", "while") and item.body is not None:
                pending.extend(item.body.items)
    return False


def foreach_with_removal(compiler: Compiler, node: Statement, subject: Expression, item: str) -> None:
    """A loop whose body may remove the current item: its variable, if any, gets the items that stay once it ends."""
    at = statement_position(node)
    subject = ungrouped(subject)
    source, removed, index = (compiler.scope.fresh(stem) for stem in ("source_", "removed_", "index_"))
    compiler.emit(assign(source, call("removable", at, compiler.value(subject)), at))
    compiler.emit(statements("REMOVED = set()", at, REMOVED=removed))
    emit_loop(
        compiler,
        node,
        "for INDEX, ITEM in enumerate(SOURCE):",
        INDEX=index,
        ITEM=item,
        SOURCE=source,
        item=item,
        loop={"removed": removed, "index": index},
    )
    if place_of(subject) is None:
        return  # a list that no variable has is gone after the loop, whatever was removed
    kept = expression(
        "[item for position, item in enumerate(SOURCE) if position not in REMOVED]", at, SOURCE=source, REMOVED=removed
    )
    compiler.changeable(subject)
    with compiler.collecting() as code:
        compiler.store(subject, kept, at)
    compiler.emit(place(ast.If(name(removed, at), code, []), at))


@statement_form("foreach.remove")
def foreach_remove(compiler: Compiler, node: Statement) -> None:
    """Remove the current item from the list that the nearest foreach runs over; items after it still come.

    >>> var $list { value = [1, 2, 3, 4] }
    ... foreach ($list) {
    ...   each as $n {
    ...     conditional {
    ...       if ($n == 3) {
    ...         foreach.remove
    ...       }
    ...     }
    ...   }
    ... }
    {"list": [1, 2, 4], "n": 4}
    """
    loop = next((loop for loop in reversed(compiler.scope.loops) if "budget" in loop), None)
    if loop is None or "removed" not in loop:
        raise compiler.refuse("XS410", f"`{node.name}` must stand inside a foreach", statement_position(node))
    compiler.emit(statements("REMOVED.add(INDEX)", node, REMOVED=loop["removed"], INDEX=loop["index"]))


@statement_form("remove")
def remove(compiler: Compiler, node: Statement) -> None:
    """Another spelling of `foreach.remove`.

    >>> var $list { value = [1] }
    ... foreach ($list) {
    ...   each as $n {
    ...     remove
    ...   }
    ... }
    {"list": [], "n": 1}
    """
    foreach_remove(compiler, node)


@statement_form("for")
def for_(compiler: Compiler, node: Statement) -> None:
    """Run the body n times; the variable counts from 0.

    >>> var $list { value = [] }
    ... for (3) {
    ...   each as $i {
    ...     array.push $list { value = $i }
    ...   }
    ... }
    {"list": [0, 1, 2], "i": 2}
    """
    item = compiler.scope.fresh("item_")
    count = compiler.value(subject_of(compiler, node))
    emit_loop(compiler, node, "for ITEM in times(COUNT):", ITEM=item, COUNT=count, item=item)


@statement_form("while")
def while_(compiler: Compiler, node: Statement) -> None:
    """Run the body as long as the condition holds, tested before each pass.

    >>> var $n { value = 1 }
    ... while ($n < 100) {
    ...   each {
    ...     math.mul $n { value = 3 }
    ...   }
    ... }
    {"n": 243}
    """
    at = statement_position(node)
    with compiler.scope.maybe():
        condition = compiler.stored_condition(subject_of(compiler, node))
    # `while c:` evaluates the condition in two places on Python 3.11, which is slower
    test = statements("if not C:\n    break", at, C=condition)
    emit_loop(compiler, node, "while True:", before=test)


@statement_form("break")
def break_(compiler: Compiler, node: Statement) -> None:
    """Leave the nearest loop.

    >>> for (10) {
    ...   each as $i {
    ...     break
    ...   }
    ... }
    {"i": 0}
    """
    leave(compiler, node, place(ast.Break(), node))


@statement_form("continue")
def continue_(compiler: Compiler, node: Statement) -> None:
    """Go on with the next pass of the nearest loop.

    >>> var $n { value = 0 }
    ... for (3) {
    ...   each as $i {
    ...     continue
    ...     math.add $n { value = 1 }
    ...   }
    ... }
    {"n": 0, "i": 2}
    """
    leave(compiler, node, place(ast.Continue(), node))


def leave(compiler: Compiler, node: Statement, code: ast.stmt) -> None:
    """`break` or `continue`: of the nearest loop; a break as the last word of a case without a loop ends the switch."""
    if any("budget" in loop for loop in compiler.scope.loops):
        compiler.emit(code)
    elif compiler.scope.loops and isinstance(code, ast.Break):
        compiler.emit(assign(compiler.scope.loops[-1]["switch"], constant(2, node), node))
    else:
        raise compiler.refuse("XS410", f"`{node.name}` must stand inside a loop", statement_position(node))


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
    condition = compiler.stored_condition(subject_of(compiler, node))
    parts = [
        compiler.value(compiler.attribute(node, attribute) or Literal(default))
        for attribute, default in (("error_type", "standard"), ("error", ""), ("payload", ""))
    ]
    failure = place(ast.Expr(call("fail_precondition", at, *parts)), at)
    test = place(ast.UnaryOp(ast.Not(), condition), at)
    compiler.emit(place(ast.If(test, [failure], []), at))


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


def attribute_or(compiler: Compiler, node: Statement, name_: str, default: Value) -> ast.expr:
    """The compiled value of an attribute, or a constant."""
    return compiler.value(node.attribute(name_) or Literal(default))


__all__ = ["Segment", "Word", "attribute_or", "bind", "branches", "emit_loop", "loop_body", "subject_of"]
