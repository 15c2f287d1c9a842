"""The placeholders of a program's own SQL, and the arguments that take their places."""

from __future__ import annotations

import re
from collections.abc import Callable

from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.values.conversion import Value, describe, to_text

#: Texts, quoted names, dollar quotes, comments: what is inside them is left alone. One that is not closed goes to the
#: end, so that no place is looked at again for the end of another.
_CLOSED = r"""
    \b[eE]'(?:[^'\\]|\\.)*(?:'|\Z) | '[^']*(?:'|\Z) | "[^"]*(?:"|\Z)
    | (?<![\w$])\$([A-Za-z_]\w*|)\$.*?(?:\$\1\$|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z)
"""


def scanner(pattern: str) -> re.Pattern[str]:
    """Finds a pattern in SQL. Texts, quoted names, dollar quotes and comments are matches too, so that it is not found
    inside them; then its groups are empty."""
    return re.compile(rf"{_CLOSED} | {pattern}", re.VERBOSE | re.DOTALL)


_PLACEHOLDERS = scanner(r"(?P<mark>\?(?::alias|:raw)?)")


class Marks(NamedTuple):
    """How a driver has its SQL: the mark of the parameter of a number, an identifier in quotes, `%` as `%%`."""

    mark: Callable[[int], str]
    quote: Callable[[str], str]
    doubled: bool = False


class Piece(NamedTuple):
    """A part of a text: itself, and `?`, `?:alias` or `?:raw` when it is a placeholder."""

    text: str
    placeholder: str = ""


def pieces(sql: str) -> list[Piece]:
    """A text taken apart at its placeholders; a `?` in a text or comment is not one."""
    found: list[Piece] = []
    start = 0
    for match in _PLACEHOLDERS.finditer(sql):
        if match["mark"]:
            found += [Piece(sql[start : match.start()]), Piece(match[0], match[0])]
            start = match.end()
    return [*found, Piece(sql[start:])]


def with_arguments(parts: list[Piece], arguments: list[Value], marks: Marks) -> tuple[str, list[Value]]:
    """The text with the driver's marks for its placeholders, and the arguments that stay parameters.

    Raises XanoScriptError when there are more or fewer arguments than placeholders.
    """
    count = sum(bool(part.placeholder) for part in parts)
    if len(arguments) == 1 and arguments[0].__class__ is list and (count != 1 or len(arguments[0]) == 1):
        arguments = arguments[0]
    if count != len(arguments):
        raise XanoScriptError(
            "Invalid parameter count based on format",
            hint=f"the text has {count} placeholders and the statement {len(arguments)} arguments",
        )
    text: list[str] = []
    parameters: list[Value] = []
    remaining = iter(arguments)
    for part in parts:
        if not part.placeholder:
            text.append(_literal(part.text, marks))
            continue
        value = next(remaining)
        if part.placeholder == "?":
            parameters.append(value)
            text.append(marks.mark(len(parameters)))
        elif part.placeholder == "?:alias":
            text.append(marks.quote(identifier(value)))
        else:
            text.append(_literal(to_text(value), marks))
    return "".join(text), parameters


def _literal(text: str, marks: Marks) -> str:
    return text.replace("%", "%%") if marks.doubled else text


def identifier(value: Value) -> str:
    """An argument of `?:alias`, which becomes a name in quotes."""
    if value.__class__ is not str or not value or "\0" in value:
        raise XanoScriptError(
            "Invalid alias", hint=f"`?:alias` takes the name of a column or table, not {describe(value)}"
        )
    return value
