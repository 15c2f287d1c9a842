"""How a block ended that ended in an error: what it lacks, what it means to show, or that it is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from xsrun import registry
from xsrun.errors import (
    AccessDeniedError,
    NotFoundError,
    PreconditionError,
    StoppedError,
    ThrownError,
    UnauthorizedError,
    UnavailableError,
    XanoScriptError,
)
from xsrun.language.roots import ROOTS
from xsrun.names.bindings import changeable_variables
from xsrun.running.assertions import ExpectationError
from xsrun.syntax.nodes import Path, Variable
from xsrun.testing.doctest.example import PageExample


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
    subject = text.partition(": ")[2]
    if isinstance(error, UnavailableError):
        yield text
    if isinstance(error, UnauthorizedError) or (isinstance(error, AccessDeniedError) and not text):
        yield "needs somebody signed in: --auth TABLE:ID"
    if text.startswith("Missing param: "):
        yield f"needs the input {subject}: --input {subject}=VALUE"
    if text.startswith("Missing var entry: "):
        yield f"reads ${subject}, which it does not set: --var {subject}=VALUE"
    if text.startswith("Unable to locate input: "):
        yield f"reads $input.{subject}, which it does not declare: --input {subject}=VALUE"
    if " does not exist: " in text:
        yield f"calls {subject.replace(':', ' ', 1)}, which is not on the page"
    if _is_condition(text):
        yield "a condition of db.query, which needs rows of its table"
    unset = _unset(example)
    if isinstance(error, ExpectationError) and unset:
        yield f"reads ${unset[0]}, which it does not set: --var {unset[0]}=VALUE"
    missing_value = isinstance(error, NotFoundError) or text.startswith(
        ("Unable to locate var: ", "Unable to locate value")
    )
    if missing_value and "db." in example.block.text:
        yield f"needs rows: --seed FILE ({text})"


def _is_condition(text: str) -> bool:
    """Does a message say that something belongs into the condition of a query?"""
    if "database conditions only" in text or text.startswith("`$db` has no value"):
        return True
    name = text.partition("unknown filter `")[2].partition("`")[0]
    return bool(name) and registry.find("query_filter", name) is not None


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
