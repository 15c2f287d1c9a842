"""The statements of the `api` namespace."""

from __future__ import annotations

from xsrun.errors import InputError
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.statements import api_request, workflow_calls  # noqa: F401 - declare the others of the namespace
from xsrun.values.conversion import Value


@statement("api.lambda", literal="code")
def run_lambda(context: Context, code: str, timeout: float | None = None, *, environment: dict[str, Value]) -> Value:
    """Runs JavaScript or TypeScript and gives what it returns; `await` works, the console goes to the log.

    The code is the body of a function that sees `$var`, `$input`, `$env` and `$auth`. A body that throws does not
    raise: the place and message of its error are the value (semantics 6.2). Neither files nor, unless allowed, the
    network can be had. `timeout` is in seconds, 10 when left out; past it the statement raises.

    >>> var $xs { value = [3, 4] }
    ... api.lambda {
    ...   code = "return $var.xs.map(x => x * 10);"
    ...   timeout = 10
    ... } as $scaled
    {"xs": [3, 4], "scaled": [30, 40]}

    >>> api.lambda { code = "throw new Error('no tide')" } as $outcome
    {"outcome": "[Line 1:Char 1] no tide"}
    """
    if not code:
        raise InputError("Param: code - Missing param: code", "code", hint="write what shall run as the text of `code`")
    from xsrun.services.javascript import program  # a check reads the statements of this module, and runs none

    return program.call(context, code, timeout, environment)
