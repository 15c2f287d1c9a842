"""Loops: `foreach`, `for`, `while`, and how their bodies leave them (semantics 1.6)."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from xsrun.evaluator.hoisting import PUSHES, Push, Texts, hoist
from xsrun.evaluator.quasiquote import (
    Part,
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
from xsrun.names.places import place_of, ungrouped
from xsrun.registry import demands, statement_form
from xsrun.running.context import Context
from xsrun.statements.headers import subject_of
from xsrun.syntax.nodes import Body, Expression, Node, Statement, Variable
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


#: `ahead` gives None for each pass that may run before the limits are looked at.
_TAKE = "ahead = repeat(None, context.budget)"
_PUT_BACK = "context.budget = length_hint(ahead)"
_COUNT = "if next(ahead, 0) is not None:\n    ahead = repeat(None, tick(context))"
_COUNT_IN_CONTEXT = "context.budget -= 1\nif context.budget < 0:\n    context.budget = tick(context)"
#: A loop that runs over `ahead` itself, for which counting costs nothing.
_WHILE = "while True:\n    COUNT\n    TEST\n    CODE"
_WHILE_AHEAD = """while True:
    for _ in ahead:
        TEST
        CODE
    else:
        ahead = repeat(None, tick(context))
        continue
    break"""
#: A loop of a piece of the passes after another, for what need not be done in every pass.
_IN_PIECES = """for PIECE in pieces(context, SUBJECT):
    FIRST
    for ITEM in PIECE:
        CODE
    LAST"""
#: These are two loops in Python, which compiles twenty inside one another.
_MOST_AROUND = 8


def loop_body(compiler: Compiler, node: Statement) -> tuple[Expression | None, Body | None]:
    """The loop variable and body of the `each` block."""
    each = node.block("each")
    if each is None:
        return None, None
    if node.name != "while":
        compiler.demand(demands.loop_variable(each))
    target = each.target
    return (target if isinstance(target, Expression) else None), each.body


def trace_item(context: Context, label: str, line: int, level: int, value: Value) -> None:
    """Note the value that a loop's variable has in a pass."""
    trace = context.trace
    if trace is not None and (started := trace.start(f"each ${label}", line, level)) is not None:
        trace.end(started, value, label)


def emit_trace_of_item(compiler: Compiler, node: Statement, variable: Variable) -> None:
    """The call of `trace_item` at the beginning of a pass."""
    each = node.block("each")
    at = statement_position(each or node)
    given = [constant(one, at) for one in (variable.name, (each or node).line, compiler.trace_level)]
    noted = call(compiler.linker.helper(trace_item), at, name("context", at), *given, name(f"v_{variable.name}", at))
    compiler.emit(place(ast.Expr(noted), at))


def emit_loop(
    compiler: Compiler,
    node: Statement,
    template: str,
    *,
    item: str | None = None,
    loop: Mapping[str, str] | None = None,
    counted: bool = False,
    in_pieces: str | None = None,
    **parts: Part,
) -> None:
    """A Python loop that counts its passes against the limits (see `passes`).

    A loop that is `counted` in advance needs nothing more. `COUNT` in the template of another counts a pass: in
    `ahead`, a local iterator that the outermost such loop takes from the context and puts back; in the context itself
    where one that is counted in advance stands inside. `item` names what holds the item, `loop` tells the statements
    inside of this loop. `in_pieces` is the template where something is found that need not be done in every pass.
    """
    at = statement_position(node)
    loops = compiler.scope.loops
    ahead = not counted and not any(item is not node and is_counted(item) for item in node.walk())
    outermost = not any(loop.get("ahead") for loop in loops)
    if ahead and outermost:
        compiler.emit(statements(_TAKE, at))
    variable, body = loop_body(compiler, node)
    pushes: list[Push] | None = [] if in_pieces is not None else None
    texts = Texts([node], compiler.scope.assigned)
    loops.append({"ahead": ahead, PUSHES: pushes, Texts.KEY: texts, **(loop or {})})
    with compiler.scope.maybe(), compiler.collecting() as code:
        if isinstance(variable, Variable) and item is not None and not compiler.scope.nested:
            parts["ITEM"] = f"v_{compiler.changeable(variable)[0]}"
            compiler.scope.assigned.add(compiler.changeable(variable)[0])
        elif variable is not None and item is not None:
            compiler.store(variable, name(item, at), variable)
        if compiler.trace and isinstance(variable, Variable) and item is not None:
            emit_trace_of_item(compiler, node, variable)
        compiler.emit(compiler.block(body, at))
    loops.pop()
    if pushes:
        others = [push for push in pushes if f"v_{push.variable}" != parts["ITEM"]]  # not to what the loop itself sets
        parts["FIRST"], code, parts["LAST"] = hoist(code, others)
        template = in_pieces if in_pieces is not None and parts["FIRST"] else template
    compiler.emit(texts.emitted(at))
    count = statements(_COUNT if ahead else _COUNT_IN_CONTEXT, at)
    compiler.emit(statements(template, at, COUNT=count, CODE=code, **parts))
    if ahead and outermost:
        compiler.emit(statements(_PUT_BACK, at))


def emit_loop_over(compiler: Compiler, node: Statement, items: str, subject: ast.expr) -> None:
    """A loop over `items`, a template of the subject; what counts its passes in advance takes the subject itself."""
    counted = is_counted(node)
    item = compiler.scope.fresh("item_")
    emit_loop(
        compiler,
        node,
        "for ITEM in counted(context, SUBJECT):\n    CODE" if counted else f"for ITEM in {items}:\n    COUNT\n    CODE",
        in_pieces=_IN_PIECES if counted and may_be_two(compiler, node) else None,
        ITEM=item,
        PIECE=compiler.scope.fresh("piece_"),
        SUBJECT=subject,
        item=item,
        counted=counted,
    )


def may_be_two(compiler: Compiler, node: Statement) -> bool:
    """May a loop become one inside another in Python? An innermost one that is not nested too deeply."""
    inner = any(item.name in demands.LOOPS for item in node.walk() if isinstance(item, Statement) and item is not node)
    return not inner and len(compiler.scope.loops) < _MOST_AROUND


def is_counted(node: Node) -> bool:
    """Is a statement a loop whose passes are counted in advance? One that knows them, unless a statement leaves it."""
    if not isinstance(node, Statement) or node.name not in ("for", "foreach"):
        return False
    return not is_left(node) and not demands.removes_items(node)


def is_left(node: Node) -> bool:
    """Does a statement in the body of a loop leave it, as `break` and `return` do?"""
    return any(isinstance(item, Statement) and item.name in ("break", "return") for item in node.walk())


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
    if demands.removes_items(node):
        foreach_with_removal(compiler, node, subject, compiler.scope.fresh("item_"))
        return
    emit_loop_over(compiler, node, "iterate(SUBJECT)", compiler.value(subject))


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
        "for INDEX, ITEM in enumerate(SOURCE):\n    COUNT\n    CODE",
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
    loop = next((loop for loop in reversed(compiler.scope.loops) if "ahead" in loop), None)
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
    passes = call("times", statement_position(node), compiler.value(subject_of(compiler, node)))
    emit_loop_over(compiler, node, "SUBJECT", passes)


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
    emit_loop(compiler, node, _WHILE_AHEAD if may_be_two(compiler, node) else _WHILE, TEST=test)


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
    if any("ahead" in loop for loop in compiler.scope.loops):
        compiler.emit(code)
    elif compiler.scope.loops and isinstance(code, ast.Break):
        compiler.emit(assign(compiler.scope.loops[-1]["switch"], constant(2, node), node))
    else:
        raise compiler.refuse("XS410", f"`{node.name}` must stand inside a loop", statement_position(node))
