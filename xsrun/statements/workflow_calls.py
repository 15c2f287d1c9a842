"""Calls that exist in workflow tests and tools only: `api.call`, `task.call`, `trigger.call`, `workflow_test.call`.

Elsewhere the engine does not know them (semantics 1.7).
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun.errors import MissingConstructError, StoppedError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import run_unattended, translate
from xsrun.evaluator.quasiquote import call, constant, name, place, statement_position
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.language.constructs import TRIGGER_KINDS
from xsrun.registry import statement_form
from xsrun.running.carrier import Carrier
from xsrun.running.context import Answer, Context, Request, ResponseHead
from xsrun.statements.call import called_name
from xsrun.statements.expect import EXPECTING_ERROR
from xsrun.syntax.nodes import Literal, ObjectLiteral, Statement
from xsrun.values.conversion import Value, from_json, to_text

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

#: Constructs whose stacks may hold these calls. Bare lists of statements may too: pages show them so.
CALLERS = ("workflow_test", "tool", "stack", "")

# What the calls do ---------------------------------------------------------------------------------------------------


#: The key in a run's scratch room for the calls that were answered with an error: (line, status, code) of each.
REFUSED_CALLS = "refused calls"


def call_endpoint(
    context: Context, name_: str, line: int, verb: str | None, group: Value, inputs: dict[str, Value], headers: Value
) -> Value:
    """Run a query as over HTTP, without the test of who calls; its response, or the body of its error.

    Inside `expect.to_throw` an error with a message is raised (semantics 8.3).
    """
    workspace: Any = context.workspace
    query = workspace.lookup("query", name_.removeprefix("/"), verb, to_text(group) or None)
    if query is None:
        raise workspace.no_target("query", name_)
    if workspace.carrier is not None and workspace.carrier.takes(context, query):
        return carried(context, line, workspace.carrier, query, inputs, header_object(headers))
    outer = context.request, context.head, context.deferred
    request = Request(
        method=query.verb or "",
        headers=header_object(headers),
        input=inputs,
        uri="/" + query.name,
        in_path=query.path_parameters,
    )
    context.request, context.head, context.deferred = request, ResponseHead(), []
    status = 200
    try:
        response = workspace.enter(query, context, inputs)
    except Exception as raised:
        error = translate(raised)
        if not error.catchable and not isinstance(error, StoppedError):
            raise
        if error.message and context.scratch.get(EXPECTING_ERROR):
            raise error from raised
        response, status = error.as_dict(), error.status
        note_refused(context, line, error)
    finally:
        head, after = context.head, context.deferred
        context.request, context.head, context.deferred = outer
    answer = Answer(response, head.headers, status if head.status is None else head.status)
    for run in after:
        run_unattended(context, run, answer)
    return response


def note_refused(context: Context, line: int, error: XanoScriptError) -> None:
    """Remember that a call was answered with an error, for what a test says of an expectation that fails later."""
    context.scratch.setdefault(REFUSED_CALLS, []).append((line, error.status, error.code))


def carried(
    context: Context, line: int, carrier: Carrier, query: Any, inputs: dict[str, Value], headers: dict[str, str]
) -> Value:
    """The same over a server: what it answers, or its error where one is raised."""
    response, error = carrier.send(context, query, inputs, headers)
    if error is not None:
        if not error.catchable and not isinstance(error, StoppedError):
            raise error
        if error.message and context.scratch.get(EXPECTING_ERROR):
            raise error
        note_refused(context, line, error)
    return response


def header_object(headers: Value) -> dict[str, str]:
    """Headers by name, from an object, a list of `Name: value` lines, or the JSON text of one of them."""
    if isinstance(headers, str):
        try:
            headers = from_json(headers)
        except ValueError:
            headers = [headers]
    if isinstance(headers, dict):
        return {key: to_text(value) for key, value in headers.items()}
    pairs = [to_text(line).partition(":") for line in headers] if isinstance(headers, list) else []
    return {key.strip(): value.strip() for key, _, value in pairs}


def call_task(context: Context, name_: str) -> None:
    """Run the stack of a task. It has no response (semantics 7.5)."""
    context.call("task", name_, {})


def call_trigger(context: Context, name_: str, inputs: dict[str, Value]) -> Value:
    """Run a trigger of whatever kind with the given event."""
    workspace: Any = context.workspace
    found = next((kind for kind in TRIGGER_KINDS if workspace.lookup(kind, name_) is not None), None)
    if found is None:
        raise workspace.no_target("trigger", name_)
    return context.call(found, name_, inputs)


def call_workflow_test(context: Context, name_: str) -> None:
    """Run another workflow test on the database of this one; raises when it fails."""
    context.call("workflow_test", name_, {})


def refuse_call(type_: str, name_: str) -> None:
    """What the engine says where these calls are not known."""
    raise MissingConstructError(type_, name_, hint=f"`{type_}.call` works in workflow tests and tools only")


# The statements ------------------------------------------------------------------------------------------------------


def emit(compiler: Compiler, node: Statement, function: Callable[..., Value], *arguments: ast.expr) -> None:
    """A call of one of the functions above, or its refusal where the construct may not hold it."""
    at = statement_position(node)
    target = constant(called_name(compiler, node), at)
    if compiler.owner.kind in CALLERS:
        made = call(compiler.linker.helper(function), at, name("context", at), target, *arguments)
    else:
        type_ = constant(node.name.removesuffix(".call"), at)
        made = call(compiler.linker.helper(refuse_call), at, type_, target)
    compiler.bind_result(node, made)


def inputs_of(compiler: Compiler, node: Statement) -> ast.expr:
    """The `input` of a call as an object."""
    given = node.attribute("input")
    if given is None:
        empty: ast.expr = place(ast.Dict([], []), statement_position(node))
        return empty
    value = compiler.value(given)
    return value if isinstance(given, ObjectLiteral) else call("as_object", given, value)


@statement_form(
    "api.call",
    "api_group?: text, headers?, input?, auth?: object, url?, path_params?, query?, body?",
    editor_needs="api_group",
)
def api_call(compiler: Compiler, node: Statement) -> None:
    """Run a query and bind the body of its answer; when it fails, that is the error's `code` and `message`.

    For workflow tests and tools. The query is found by name (with its braces), verb and `api_group`; path parameters
    are given in `input`. Nobody is signed in: neither `auth` nor a token in `headers` changes that, as in the engine.

    >>> try_catch {
    ...   try {
    ...     api.call "harbours/{id}" verb=GET {
    ...       api_group = "none"
    ...       input = {id: 1}
    ...     } as $harbour
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Query does not exist: query:harbours/{id}"}
    """
    at = statement_position(node)
    verb = constant(node.verb.upper() if node.verb else None, at)
    group = compiler.value(node.attribute("api_group") or Literal(""))
    headers = compiler.value(node.attribute("headers") or Literal(None))
    emit(compiler, node, call_endpoint, constant(node.line, at), verb, group, inputs_of(compiler, node), headers)


@statement_form("task.call")
def task_call(compiler: Compiler, node: Statement) -> None:
    """Run a task; the result is null. For workflow tests and tools.

    >>> try_catch {
    ...   try {
    ...     task.call "no such task" as $r
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Task does not exist: task:no such task"}
    """
    emit(compiler, node, call_task)


@statement_form("trigger.call", "input?")
def trigger_call(compiler: Compiler, node: Statement) -> None:
    """Run a trigger with an event: `new`, `old`, `action` and `datasource`. For workflow tests and tools.

    >>> try_catch {
    ...   try {
    ...     trigger.call "none" {
    ...       input = {new: {}, old: {}, action: "insert", datasource: "live"}
    ...     } as $r
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Trigger does not exist: trigger:none"}
    """
    emit(compiler, node, call_trigger, inputs_of(compiler, node))


@statement_form("workflow_test.call", "datasource?: text")
def workflow_test_call(compiler: Compiler, node: Statement) -> None:
    """Run another workflow test, on the same database. For workflow tests and tools.

    >>> try_catch {
    ...   try {
    ...     workflow_test.call "none"
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Workflow test does not exist: workflow_test:none"}
    """
    emit(compiler, node, call_workflow_test)
