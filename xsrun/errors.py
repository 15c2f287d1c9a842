"""The errors a XanoScript program can raise, and the few that only xsrun itself raises.

`XanoScriptError` is what users meet: its fields are those of the engine's error body (semantics 3.6) and of the
`$error` record (semantics 1.4), plus the place in the source. The subclasses say which kind of failure it was, so that
`try_catch`, tests and the HTTP layer can tell them apart without comparing texts.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.hints import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from typing import Any as Value  # any value of a program: `xsrun.values` stands on this module
    from typing import TypedDict

    from xsrun.diagnostics import Diagnostic
    from xsrun.documents import ErrorBody

    class _Place(TypedDict, total=False):
        hint: str | None
        file: str | None
        line: int | None
        column: int | None

    class _Fields(_Place, total=False):
        name: str
        payload: Value
        status: int | None
        result: Value


#: HTTP status of each error code (semantics 3.6).
STATUS_OF_CODE = {
    "ERROR_FATAL": 500,
    "ERROR_CODE_INPUT_ERROR": 400,
    "ERROR_CODE_BAD_REQUEST": 400,
    "ERROR_CODE_UNAUTHORIZED": 401,
    "ERROR_CODE_ACCESS_DENIED": 403,
    "ERROR_CODE_NOT_FOUND": 404,
    "ERROR_CODE_TOO_MANY_REQUESTS": 429,
    "ERROR_CODE_THROWN_ERROR": 200,
}

#: `error_type` of a precondition -> error code (semantics 3.6).
CODE_OF_ERROR_TYPE = {
    "standard": "ERROR_FATAL",
    "inputerror": "ERROR_CODE_INPUT_ERROR",
    "badrequest": "ERROR_CODE_BAD_REQUEST",
    "unauthorized": "ERROR_CODE_UNAUTHORIZED",
    "accessdenied": "ERROR_CODE_ACCESS_DENIED",
    "notfound": "ERROR_CODE_NOT_FOUND",
    "toomanyrequests": "ERROR_CODE_TOO_MANY_REQUESTS",
}


class XanoScriptError(Exception):
    """An error of a XanoScript program or of the text it was read from.

    `code`, `message`, `name`, `result` are what `$error` shows; `code`, `message`, `payload` are the HTTP body;
    `file`, `line`, `column` (both from 1, columns in characters) are filled in where the error leaves the program.
    `catchable` is False for errors that no `try_catch` may swallow: limits, missing services, internal faults.
    """

    catchable = True

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "ERROR_FATAL",
        name: str = "Exception",
        payload: Value = None,
        status: int | None = None,
        result: Value = None,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.name = name
        self.payload = payload
        self.status = STATUS_OF_CODE.get(code, 500) if status is None else status
        self.result = result
        self.hint = hint
        self.file = file
        self.line = line
        self.column = column
        #: where the faulty text ends, exclusive; known for errors of a running program
        self.end_line: int | None = None
        self.end_column: int | None = None

    def __str__(self) -> str:
        return self.message

    def as_dict(self) -> ErrorBody:
        """The body the engine answers over HTTP: `code` and `message`, and `payload` where there is one."""
        body: ErrorBody = {"code": self.code, "message": self.message}
        if self.payload is not None:
            body["payload"] = self.payload
        return body

    def as_record(self) -> dict[str, Value]:
        """What `$error` holds inside a `catch` arm (semantics 1.4)."""
        return {"code": self.code, "message": self.message, "name": self.name, "result": self.result}


class XanoScriptSyntaxError(XanoScriptError):
    """The text is not XanoScript. `diagnostics` holds every problem found, the first one also as `message`."""

    catchable = False

    def __init__(self, message: str, diagnostics: list[Diagnostic] | None = None, **fields: Unpack[_Place]) -> None:
        super().__init__(message, name="SyntaxError", **fields)
        self.diagnostics = diagnostics or []


class InputError(XanoScriptError):
    """A value that an input, a column or a statement's attribute does not accept: 400, naming the parameter.

    `declared_at` is where the input is declared, once binding has failed on it: (file, line, column, end_column).
    """

    def __init__(self, message: str, param: str | None, **fields: Unpack[_Place]) -> None:
        super().__init__(message, code="ERROR_CODE_INPUT_ERROR", payload={"param": param}, **fields)
        self.param = param
        self.declared_at: tuple[str, int, int, int] | None = None

    def described(self) -> str:
        """The message for people: the engine's text alone often does not tell which input it means."""
        named = self.param is None or self.declared_at is None or self.param in self.message
        return self.message if named else f"input `{self.param}`: {self.message}"


class MissingParamError(InputError):
    """A parameter that was not given. `param` is its path where that is longer than the name in the message."""

    def __init__(self, name: str, param: str | None = None, **fields: Unpack[_Place]) -> None:
        super().__init__(f"Missing param: {name}", param or name, **fields)


class MissingVariableError(XanoScriptError):
    """A variable that nothing has set."""

    def __init__(self, variable: str, **fields: Unpack[_Place]) -> None:
        super().__init__(f"Missing var entry: {variable}", **fields)
        self.variable = variable


class MissingMemberError(XanoScriptError):
    """A member that an object does not have: `path` below `root`, which is `input`, `var` and the like."""

    def __init__(self, root: str, path: str, **fields: Unpack[_Place]) -> None:
        super().__init__(f"Unable to locate {root}: {path}", **fields)
        self.root = root
        self.path = path


class MissingConstructError(XanoScriptError):
    """A function, query or the like that is called and not there (semantics 1.7)."""

    def __init__(self, kind: str, called: str, **fields: Unpack[_Place]) -> None:
        super().__init__(f"{kind.replace('_', ' ').capitalize()} does not exist: {kind}:{called or 0}", **fields)
        self.kind = kind
        self.called = called


class NotFoundError(XanoScriptError):
    """A row, file or record that is not there: 404."""

    def __init__(self, message: str = "Not Found", **fields: Unpack[_Fields]) -> None:
        super().__init__(message, code="ERROR_CODE_NOT_FOUND", **fields)


class AccessDeniedError(XanoScriptError):
    """403; the engine answers an empty message when `$auth` is read without an identity (semantics 2.6)."""

    def __init__(self, message: str = "", **fields: Unpack[_Fields]) -> None:
        super().__init__(message, code="ERROR_CODE_ACCESS_DENIED", **fields)


class UnauthorizedError(XanoScriptError):
    """401: no token, a bad one, or an expired one."""

    def __init__(self, message: str = "Unauthorized - Authentication Required", **fields: Unpack[_Fields]) -> None:
        super().__init__(message, code="ERROR_CODE_UNAUTHORIZED", **fields)


class PreconditionError(XanoScriptError):
    """A `precondition` that did not hold. A payload that nobody wrote is `""` (semantics 3.6)."""

    def __init__(self, message: str, code: str, payload: Value = "", **fields: Unpack[_Place]) -> None:
        super().__init__(message, code=code, payload=payload, result=payload, **fields)


class ThrownError(XanoScriptError):
    """A `throw` statement. Uncaught, the engine answers 200 with the thrown value (semantics 1.3).

    `write` gives the text of a value, for people.
    """

    def __init__(self, name: str, value: Value, write: Callable[[Value], str]) -> None:
        super().__init__(
            "Throw Error Statement", code="ERROR_CODE_THROWN_ERROR", name=name, result=value, payload=value
        )
        self._write = write

    def __str__(self) -> str:
        shown = self.result if isinstance(self.result, str) else self._write(self.result)
        return f"{self.name}: {shown}" if self.name else f"{shown}"

    def as_dict(self) -> ErrorBody:
        return {"payload": self.result, "statement": "Throw Error"}


class StoppedError(XanoScriptError):
    """A `debug.stop` statement: ends the run with its value (semantics 1.3). Not an error that a program can catch."""

    catchable = False

    def __init__(self, value: Value) -> None:
        super().__init__("Stopped by debug.stop", name="Stop & Debug", result=value, payload=value, status=200)

    def as_dict(self) -> ErrorBody:
        return {"payload": self.result, "statement": "Stop & Debug"}


class LimitError(XanoScriptError):
    """A run that went past one of its limits: loop steps, call depth, wall time, size of a value."""

    catchable = False


class UnavailableError(XanoScriptError):
    """Something the program asks for cannot be had on this machine; the message names the way out.

    Never caught by `try_catch`: the program would take the missing service for a fault of its own.
    """

    catchable = False


class UsageError(XanoScriptError):
    """The caller of xsrun asked for something that makes no sense: an unknown name, a folder without programs."""

    catchable = False


class InternalError(XanoScriptError):
    """A fault of xsrun itself. The message asks for a report; `fault` is the exception that showed it."""

    catchable = False

    def __init__(self, cause: BaseException) -> None:
        super().__init__(
            f"internal error in xsrun: {type(cause).__name__}: {cause}",
            name="InternalError",
            hint="please report this with the program that shows it; it is not your program's fault; "
            "XSRUN_TRACEBACK=1 in the environment shows where it happened",
        )
        self.fault = cause
