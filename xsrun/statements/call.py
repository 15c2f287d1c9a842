"""Calls of other constructs: `function.run`, `tool.call`, `await` and their kin (semantics 1.7)."""

from __future__ import annotations

import ast

from xsrun.evaluator.quasiquote import call, constant, expression, name, place, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.syntax.nodes import Entry, Expression, Literal, Located, Name, ObjectLiteral, Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler
    from xsrun.fields.declared import Declared


def called_name(compiler: Compiler, node: Statement) -> str:
    """The name in the header of a call."""
    assert isinstance(node.target, Name), node.name
    return node.target.text


def emit_call(compiler: Compiler, node: Statement, kind: str, *, inherits: bool = True) -> None:
    """A call that binds the response of its target."""
    at = statement_position(node)
    given = node.attribute("input")
    asynchronous = is_asynchronous(node.attribute("runtime_mode")) or is_asynchronous(node.attribute("async"))
    hands_on = inherits and not compiler.scope.declared and compiler.owner.kind == "query"
    direct = None if asynchronous or hands_on else direct_call(compiler, node, kind, given, inherits=inherits)
    if direct is not None:
        compiler.bind_result(node, direct)
        return
    inputs = compiler.value(given) if given is not None else place(ast.Dict([], []), at)
    if given is not None and not isinstance(given, ObjectLiteral):
        inputs = call("as_object", given, inputs)
    own = compiler.all_inputs(at) if inherits and compiler.scope.declared else constant(None, at)
    made = call(
        "start_construct" if asynchronous else "call_construct",
        at,
        name("context", at),
        name("depth", at),
        constant(kind, at),
        constant(called_name(compiler, node), at),
        inputs,
        call("raw_inputs", at, name("context", at)) if hands_on else own,
    )
    compiler.bind_result(node, made)


def direct_call(
    compiler: Compiler, node: Statement, kind: str, given: Expression | None, *, inherits: bool
) -> ast.expr | None:
    """The call of a construct whose inputs are known, by position; None when it has to go through the workspace.

    An input that the call leaves out is the caller's own of the same name, else the callee binds it (semantics 1.7).
    """
    called = called_name(compiler, node)
    declared = compiler.signature(kind, called) if compiler.signature is not None and not compiler.trace else None
    entries = given.entries if isinstance(given, ObjectLiteral) else [] if given is None else None
    if declared is None or entries is None:
        return None
    names = [one.name for one in declared]
    plain = [entry for entry in entries if isinstance(entry, Entry) and not entry.disabled]
    keys = [entry.key for entry in plain]
    if len(plain) != len(entries) or not set(keys) <= set(names) or keys != sorted(keys, key=names.index):
        return None  # evaluated in the order they are written, so only a call in declaration order is direct
    at = statement_position(node)
    arguments, unchanged = _by_position(compiler, declared, {one.key: one.value for one in plain}, at, inherits)
    callee = compiler.linker.callee(kind, called)

    def made(arguments: list[ast.expr]) -> ast.expr:
        bound = [constant(True, at)] if unchanged else []
        return call(callee, at, name("context", at), expression("depth + 1", at), *arguments, *bound)

    recursion = compiler.recursion
    calls_itself = recursion is not None and (kind, called) == ("function", recursion.name)
    return compiler.unless_answered(arguments, at, made) if unchanged and calls_itself else made(arguments)


def _by_position(
    compiler: Compiler, declared: list[Declared], given: dict[str, Expression], at: Located, inherits: bool
) -> tuple[list[ast.expr], bool]:
    """The values of all inputs in their order, and whether the callee surely takes each as it is; what is left out at
    the end is left out."""
    arguments = []
    unchanged = True
    for one in declared:
        value = given.get(one.name)
        inherited = compiler.scope.inputs.get(one.name) if inherits else None
        arguments.append(compiler.value(value) if value is not None else name(inherited or "OMITTED", at))
        unchanged = unchanged and compiler.binds_unchanged(one, value, inherited is not None)
    while arguments and isinstance(arguments[-1], ast.Name) and arguments[-1].id == "OMITTED":
        arguments.pop()
    return arguments, unchanged


def is_asynchronous(mode: Expression | None) -> bool:
    """`runtime_mode = "async-shared"` or `async = true`."""
    return isinstance(mode, Literal) and (mode.value is True or str(mode.value).startswith("async"))


@statement_form("function.run", "input?, runtime_mode?: text, async?")
def function_run(compiler: Compiler, node: Statement) -> None:
    """Run a function and bind its response.

    >>> try_catch {
    ...   try {
    ...     function.run "no/such" {
    ...       input = { n: 1 }
    ...     } as $r
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Function does not exist: function:no/such"}
    """
    emit_call(compiler, node, "function")


@statement_form("function.call", "input?, async?, runtime_mode?")
def function_call(compiler: Compiler, node: Statement) -> None:
    """Run a function and bind its response; the spelling of workflow tests.

    >>> try_catch {
    ...   try {
    ...     function.call "no/such" as $r
    ...   }
    ...   catch {
    ...     var $failed { value = true }
    ...   }
    ... }
    {"failed": true}
    """
    emit_call(compiler, node, "function", inherits=False)


@statement_form("service.function.run", "input?, runtime_mode?: text")
def service_function_run(compiler: Compiler, node: Statement) -> None:
    """Run a function of this workspace; services of other workspaces are not on this machine.

    >>> try_catch {
    ...   try {
    ...     service.function.run "no/such" as $r
    ...   }
    ...   catch {
    ...     var $failed { value = true }
    ...   }
    ... }
    {"failed": true}
    """
    emit_call(compiler, node, "function", inherits=False)


@statement_form("tool.call", "input?")
def tool_call(compiler: Compiler, node: Statement) -> None:
    """Run a tool and bind its response.

    >>> try_catch {
    ...   try {
    ...     tool.call "none" as $r
    ...   }
    ...   catch {
    ...     var $failed { value = true }
    ...   }
    ... }
    {"failed": true}
    """
    emit_call(compiler, node, "tool", inherits=False)


@statement_form("addon.call", "input?")
def addon_call(compiler: Compiler, node: Statement) -> None:
    """Run an addon and bind its response.

    >>> try_catch {
    ...   try {
    ...     addon.call "none" as $r
    ...   }
    ...   catch {
    ...     var $failed { value = true }
    ...   }
    ... }
    {"failed": true}
    """
    emit_call(compiler, node, "addon", inherits=False)


@statement_form("middleware.call", "input?")
def middleware_call(compiler: Compiler, node: Statement) -> None:
    """Run a middleware and bind its response.

    >>> try_catch {
    ...   try {
    ...     middleware.call "none" as $r
    ...   }
    ...   catch {
    ...     var $failed { value = true }
    ...   }
    ... }
    {"failed": true}
    """
    emit_call(compiler, node, "middleware", inherits=False)


@statement_form("await", "ids, timeout")
def await_(compiler: Compiler, node: Statement) -> None:
    """Wait for asynchronous calls: an object of their responses by id.

    >>> try_catch {
    ...   try {
    ...     await {
    ...       ids = ["none"]
    ...       timeout = 1
    ...     } as $r
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Async timeout"}
    """
    at = statement_position(node)
    if isinstance(node.target, Expression):
        made = call("await_one", at, name("context", at), compiler.value(node.target))
    else:
        made = call("await_all", at, name("context", at), compiler.value(compiler.needed(node, "ids")))
    compiler.bind_result(node, made)
