"""How a block ended that ended in an error: what it lacks, what it means to show, or that it is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from xsrun.errors import (
    AccessDeniedError,
    MissingConstructError,
    MissingMemberError,
    MissingParamError,
    MissingVariableError,
    NotFoundError,
    PreconditionError,
    StoppedError,
    ThrownError,
    UnauthorizedError,
    UnavailableError,
    XanoScriptError,
)
from xsrun.language.roots import ROOTS
from xsrun.lazy_regex import pattern
from xsrun.names.bindings import changeable_variables
from xsrun.running.assertions import ExpectationError
from xsrun.syntax.nodes import Path, Variable
from xsrun.testing.doctest.example import PageExample

#: What SQL says of a table that is not there.
_NO_TABLE = pattern(r'SQL Error: relation ".*" does not exist$')


def judge_error(error: XanoScriptError, example: PageExample) -> tuple[str, str]:
    """The status of a block that ended in an error: what it lacks, what it means to show, or that it is wrong."""
    text = str(error)
    reason = next(_lacks(error, text, example), None)
    if reason is not None:
        return "needs_input", reason
    if isinstance(error, (PreconditionError, ThrownError, StoppedError)):
        return "ran", f"raises {text or error.code}"
    place = f" (line {error.line})" if error.line else ""
    return "failed", f"{text or error.code}{place}" + (f"; {error.hint}" if error.hint else "")


def _lacks(error: XanoScriptError, text: str, example: PageExample) -> Iterator[str]:
    """What an example would need to run."""
    match error:
        case UnavailableError():
            yield text
        case UnauthorizedError() | AccessDeniedError(message=""):
            yield "needs a signed-in user: --auth TABLE:ID"
        case MissingParamError():
            yield f"needs the input {error.param}: --input {error.param}=VALUE"
        case MissingVariableError(variable="db"):
            yield "a condition of db.query, which needs rows of its table"
        case MissingVariableError():
            yield f"reads ${error.variable}, which it does not set: --var {error.variable}=VALUE"
        case MissingMemberError(root="input"):
            yield f"reads $input.{error.path}, which it does not declare: --input {error.path}=VALUE"
        case MissingConstructError():
            yield f"calls {error.kind} {error.called}, which is not on the page"
    unset = _unset(example)
    if isinstance(error, ExpectationError) and unset:
        yield f"reads ${unset[0]}, which it does not set: --var {unset[0]}=VALUE"
    absent = isinstance(error, (NotFoundError, MissingMemberError)) or _NO_TABLE.match(text)
    if absent and "db." in example.block.text:
        yield f"needs rows: --seed FILE ({text})"


def _unset(example: PageExample) -> list[str]:
    """The variables that a block reads and no statement of it sets."""
    nodes = [node for item in example.items for node in item.walk()]
    known = changeable_variables(example.items) | (ROOTS - {"response", "toolset"})
    paths = {id(node.base) for node in nodes if isinstance(node, Path)}
    read = [one for one in nodes if isinstance(one, Variable)]
    return [
        one.name
        for one in read
        if not one.name.isdigit() and (one.name not in known or (one.name == "var" and id(one) not in paths))
    ]
