"""The filters that protect characters with backslashes or quotes, and those that take the protection off."""

from __future__ import annotations

import re

from xsrun.registry import filter
from xsrun.values.characters import characters, value_of
from xsrun.values.conversion import Value, text_of_bytes, to_bytes

_SLASHES = str.maketrans({"'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0"})

_LETTERS = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}
#: Control characters as C writes them: by letter, else as three octal digits; and the double quote and the backslash.
_ESCAPES = str.maketrans(
    {chr(code): "\\" + _LETTERS.get(chr(code), f"{code:03o}") for code in range(32)} | {'"': '\\"', "\\": "\\\\"}
)
_ESCAPED = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.)|$)", re.DOTALL)
_CONTROLS = {letter.encode(): char.encode() for char, letter in _LETTERS.items()}


@filter("addslashes", elementwise=True)
def addslashes(value: str) -> Value:
    """A text with a backslash before every quote, double quote and backslash; NUL becomes `\\0`.

    >>> 'say "hi"'|addslashes
    "say \\\\\\"hi\\\\\\""
    """
    return value_of(characters(value).translate(_SLASHES))


def _escaped(value: str) -> Value:
    return value_of(characters(value).translate(_ESCAPES))


def _unescaped(value: str) -> Value:
    """PHP's stripcslashes: letters, `\\x41`, `\\101`; before anything else the backslash just goes."""

    def plain(found: re.Match[bytes]) -> bytes:
        hexadecimal, octal, char = found.groups()
        if hexadecimal or octal:
            return bytes([int(hexadecimal or octal, 16 if hexadecimal else 8) & 0xFF])
        return _CONTROLS.get(char, char) if char else b"\\" if found.group() == b"\\" else b""

    return text_of_bytes(_ESCAPED.sub(plain, to_bytes(value)))


@filter("escape", elementwise=True)
def escape(value: str) -> Value:
    """A text with its control characters, double quotes and backslashes written as backslash sequences.

    Not HTML escaping: two pages of the documentation say so and are outvoted.

    >>> "a\\tb"|escape
    "a\\\\tb"
    """
    return _escaped(value)


@filter("text_escape", elementwise=True)
def text_escape(value: str) -> Value:
    """A text with its control characters, double quotes and backslashes written as backslash sequences.

    >>> "line 1\\nline 2"|text_escape
    "line 1\\\\nline 2"
    """
    return _escaped(value)


@filter("unescape", elementwise=True)
def unescape(value: str) -> Value:
    """A text with its backslash sequences turned into the characters they stand for.

    >>> ("a\\tb"|escape)|unescape
    "a\\tb"
    """
    return _unescaped(value)


@filter("text_unescape", elementwise=True)
def text_unescape(value: str) -> Value:
    """A text with its backslash sequences turned into the characters they stand for.

    >>> ("line 1\\nline 2"|text_escape)|text_unescape
    "line 1\\nline 2"
    """
    return _unescaped(value)


@filter("sql_esc", elementwise=True)
def sql_esc(value: str) -> Value:
    """A value as an SQL literal: in single quotes, those inside doubled. Numbers and booleans are quoted as text too.

    >>> "O'Malley"|sql_esc
    "'O''Malley'"
    """
    return value_of("'" + characters(value).replace("'", "''") + "'")


@filter("sql_alias", elementwise=True)
def sql_alias(value: str) -> Value:
    """A name as an SQL identifier: in double quotes, those inside doubled.

    >>> "order details"|sql_alias
    "\\"order details\\""
    """
    return value_of('"' + characters(value).replace('"', '""') + '"')
