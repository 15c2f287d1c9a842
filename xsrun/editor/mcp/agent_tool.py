"""The record of a tool, and whether the arguments of a call fit it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xsrun.editor.mcp.agent_desk import AgentDesk, Arguments
from xsrun.errors import UsageError
from xsrun.records import record
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.documents import Json

#: A JSON Schema.
Schema = dict[str, "Json"]

#: Characters that a program, page or statement in an argument may have, and all arguments of a call together.
LONGEST_TEXT = 400_000
LARGEST_CALL = 1_000_000
#: Characters of an answer unless more are asked for, and at most.
USUAL_ANSWER, LONGEST_ANSWER = 4_000, 100_000

_CLASSES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}
_ARTICLES = {"integer": "a whole number", "boolean": "true or false", "object": "an object", "array": "a list"}


def text(about: str, *values: str, longest: int = 2_000) -> Schema:
    """The schema of a text, with `values` of one of some words."""
    made: Schema = {"type": "string", "description": about}
    return {**made, "enum": list(values)} if values else {**made, "maxLength": longest}


def flag(about: str) -> Schema:
    """The schema of a switch, which is off unless it is given."""
    return {"type": "boolean", "description": about, "default": False}


def whole(about: str, least: int, most: int, default: int) -> Schema:
    """The schema of a whole number."""
    return {"type": "integer", "description": about, "minimum": least, "maximum": most, "default": default}


def members(about: str) -> Schema:
    """The schema of an object whose members are the caller's."""
    return {"type": "object", "description": about, "additionalProperties": True}


#: What every answer takes.
LIMIT = whole("how many characters the answer may have", 200, LONGEST_ANSWER, USUAL_ANSWER)


@record
class AgentTool:
    """One tool. `parameters` are schemas by name; `writes` tells that it can change files or rows when asked to."""

    name: str
    about: str
    parameters: dict[str, Schema]
    run: Callable[[AgentDesk, Arguments], str]
    required: tuple[str, ...] = ()
    writes: bool = False

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its arguments."""
        return {
            "type": "object",
            "properties": {**self.parameters, "limit": LIMIT},
            "required": list(self.required),
            "additionalProperties": False,
        }

    def check(self, given: Arguments) -> None:
        """Raise UsageError for arguments that do not fit."""
        known = {**self.parameters, "limit": LIMIT}
        for name in given:
            if name not in known:
                raise UsageError(f"{self.name} has no argument `{name}`", hint=f"it has: {', '.join(known)}")
        for name in self.required:
            if given.get(name) is None:
                raise UsageError(f"{self.name} needs the argument `{name}`", hint=str(known[name]["description"]))
        for name, value in given.items():
            if value is not None:
                _check_value(name, value, known[name])
        size = len(to_json(dict(given)))
        if size > LARGEST_CALL:
            raise UsageError(f"the arguments have {size:,} characters; {LARGEST_CALL:,} are taken")


def _check_value(name: str, value: Value, schema: Schema) -> None:
    kind = str(schema["type"])
    if value.__class__ not in _CLASSES[kind]:
        raise UsageError(f"`{name}` is not {_ARTICLES.get(kind, 'a text')}", hint=str(schema["description"]))
    words = schema.get("enum")
    if isinstance(words, list) and value not in words:
        raise UsageError(f"`{name}` is not one of: {', '.join(map(str, words))}")
    longest = schema.get("maxLength")
    if isinstance(longest, int) and isinstance(value, str) and len(value) > longest:
        raise UsageError(f"`{name}` has {len(value):,} characters; {longest:,} are taken")
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, int) and isinstance(most, int) and isinstance(value, int) and not least <= value <= most:
        raise UsageError(f"`{name}` is a number from {least} to {most}, not {value}")


def cut(text: str, limit: int) -> str:
    """An answer of so many characters at most; one that is cut says so."""
    if len(text) <= limit:
        return text
    note = f"\n... cut: {len(text):,} characters in all; ask for less, or for more with a larger `limit`"
    return text[: max(limit - len(note), 0)] + note
