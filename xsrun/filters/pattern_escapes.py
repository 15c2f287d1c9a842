"""Escapes of PHP's regular expressions, inside and outside of classes, written for the `regex` package."""

from __future__ import annotations

import re
from functools import lru_cache

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.hints import Protocol

BLANKS = r"\t \xa0"
UNICODE_BLANKS = BLANKS + r"\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
LINE_ENDS = r"\n\x0b\f\r\x85"
UNICODE_LINE_ENDS = LINE_ENDS + r"\u2028\u2029"

_PROPERTY = re.compile(r"[pP](?:\{(\^?)([\w &]+)\}|([A-Z]))", re.ASCII)
_CONTROL = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_OWN_PROPERTIES = {
    "Any": r"\s\S",
    "L&": r"\p{Lu}\p{Ll}\p{Lt}",
    "Xan": r"\p{L}\p{N}",
    "Xsp": rf"{UNICODE_BLANKS}{UNICODE_LINE_ENDS}\p{{Z}}",
    "Xps": rf"{UNICODE_BLANKS}{UNICODE_LINE_ENDS}\p{{Z}}",
    "Xwd": r"\w",
}


class Walk(Protocol):
    """The reading of a pattern, as far as an escape or a class needs it."""

    body: str
    position: int
    unicode: bool


def read_escape(walk: Walk, *, in_class: bool = False) -> tuple[str | None, str]:
    """Read what follows a backslash: a single character, or else the text of a set of characters."""
    char = walk.body[walk.position]
    walk.position += 1
    if char in _CONTROL:
        return _CONTROL[char], ""
    if char in "xoc0" or (in_class and char in "1234567"):
        return _coded_character(walk, char), ""
    if char in "dDwWsS":
        return None, "\\" + char
    if char in "hHvV":
        lower = char.lower() == "h"
        if walk.unicode:
            members = UNICODE_BLANKS if lower else UNICODE_LINE_ENDS
        else:
            members = BLANKS if lower else LINE_ENDS
        return None, f"[{'^' if char.isupper() else ''}{members}]"
    if char in "pP":
        return None, _property(walk)
    if in_class and char == "b":
        return "\b", ""
    if char == "C":
        raise UnavailableError(r"Regular expression: \C (a single byte) is not supported by xsrun")
    if char.isascii() and char.isalpha():
        raise _refused_at(walk, "unrecognized character follows \\", back=1)
    return char, ""


def _coded_character(walk: Walk, char: str) -> str:
    body, at = walk.body, walk.position
    if char == "c":
        walk.position += 1
        if at >= len(body):
            raise _refused_at(walk, "\\c at end of pattern")
        return chr(ord(body[at].upper()) ^ 64)
    if char in "xo" and (braced := re.compile(r"\{([0-9A-Fa-f]+)\}").match(body, at)):
        walk.position = braced.end()
        return character(walk, int(braced.group(1), 16 if char == "x" else 8))
    digits = re.compile(r"[0-9A-Fa-f]{0,2}" if char == "x" else r"[0-7]{0,2}").match(body, at)
    assert digits is not None
    walk.position = digits.end()
    text = digits.group() if char in "xo" else char + digits.group()
    return character(walk, int(text or "0", 16 if char == "x" else 8))


def character(walk: Walk, code: int) -> str:
    """The character of a number, where a pattern of this kind can hold it."""
    if code > (0x10FFFF if walk.unicode else 0xFF) or 0xD800 <= code <= 0xDFFF:
        raise _refused_at(walk, "character code point value in \\x{} or \\o{} is too large")
    return chr(code)


def _property(walk: Walk) -> str:
    match = _PROPERTY.match(walk.body, walk.position - 1)
    if match is None:
        raise _refused_at(walk, "malformed \\P or \\p sequence")
    negated = (match.group()[0] == "P") != bool(match.group(1))
    name = match.group(2) or match.group(3)
    walk.position = match.end()
    members = _OWN_PROPERTIES.get(name, rf"\p{{{name}}}")
    if not walk.unicode and not (members := _bytes_with(members)):
        members, negated = r"\x00-\xff", not negated
    return f"[{'^' if negated else ''}{members}]"


@lru_cache(maxsize=64)
def _bytes_with(members: str) -> str:
    """The bytes among the members of a class: without the modifier u each is the character of its number."""
    import regex

    try:
        found = regex.findall(f"[{members}]", "".join(map(chr, range(256))), regex.V1)
    except regex.error:
        return members  # an unknown property, which is refused with the whole pattern
    return "".join(f"\\x{ord(char):02x}" for char in found)


def _refused_at(walk: Walk, problem: str, back: int = 0) -> XanoScriptError:
    return refused(f"{problem} at offset {walk.position - back}")


def refused(problem: str) -> XanoScriptError:
    """The error for a pattern that PCRE2 does not accept."""
    return XanoScriptError(
        f"Regular expression: {problem}",
        hint='the pattern is the piped value, in delimiters: "/[0-9]+/i"|regex_matches:$subject',
    )
