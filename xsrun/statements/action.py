"""`action.*`: actions of packages, which lie in a folder of the workspace (`xsrun.dispatch.packages`)."""

from __future__ import annotations

import ast

from xsrun.evaluator import quasiquote
from xsrun.evaluator.quasiquote import call, constant, place, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.statements.call import called_name
from xsrun.syntax.nodes import Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def emit_action(compiler: Compiler, node: Statement) -> None:
    """A call that binds the response of an action."""
    at = statement_position(node)
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for given in ("package", "input", "registry"):
        value = node.attribute(given)
        if value is not None:
            keys.append(constant(given, at))
            values.append(compiler.value(value))
    made = call(
        "call_construct",
        at,
        quasiquote.name("context", at),
        quasiquote.name("depth", at),
        constant("action", at),
        constant(called_name(compiler, node), at),
        place(ast.Dict(keys, values), at),
        constant(None, at),
    )
    compiler.bind_result(node, made)


@statement_form("action.call", "package?: text, input?, registry?")
def action_call(compiler: Compiler, node: Statement) -> None:
    """Run an action of a package and bind its response.

    Actions are not pulled with a workspace: put the folder of their package into `xsrun_packages` in the workspace, for
    example `xsrun_packages/acme/send_mail/index.xs`. The name is that of the `run.job` or function of the action, or of
    its folder; `package` is the folder in `xsrun_packages`, any when it is left out. The action finds `registry`, its
    settings, in `$env`; the rows and services are those of the caller.

    >>> try_catch {
    ...   try {
    ...     action.call "send_mail" {
    ...       package = "acme"
    ...       input = {to: "ann@example.com"}
    ...       registry = {api_key: $env.MAIL_KEY}
    ...     } as $sent
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Action does not exist: action:send_mail"}
    """
    emit_action(compiler, node)


@statement_form("action.package.call", "package?: text, input?, registry?")
def action_package_call(compiler: Compiler, node: Statement) -> None:
    """Run an action of an installed package and bind its response: like `action.call`.

    The package is looked for in `xsrun_packages` beside the workspace.

    >>> try_catch {
    ...   try {
    ...     action.package.call "send_mail" {
    ...       package = "acme"
    ...     } as $sent
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Action does not exist: action:send_mail"}
    """
    emit_action(compiler, node)
