"""What SQLite's side of the text operators does, character for character like PostgreSQL."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING, TypeVar
from xsrun.lazy_regex import pattern
from xsrun.values.conversion import text_of_number
from xsrun.values.like import like_matcher

if TYPE_CHECKING:
    import regex

Found = TypeVar("Found")

#: Seconds that one regular expression may take on one value.
_PATIENCE = 1.0
_WORD = pattern(r"[^\W_]+")
#: PostgreSQL's function that gives the words of a text, in lower case.
HELPERS = {
    "xs_words(value text)": (
        "SETOF text",
        "SELECT word FROM regexp_split_to_table(lower(value COLLATE \"default\"), '[^[:alnum:]]+') AS word "
        "WHERE word <> ''",
    ),
}


def lower(text: str) -> str:
    """Lower case, one character for one, as PostgreSQL does it."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def upper(text: str) -> str:
    """Upper case, one character for one."""
    if text.isascii():
        return text.upper()
    return "".join(high if len(high := character.upper()) == 1 else character for character in text)


def unaccent(text: str) -> str:
    """The text without combining marks."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not "\u0300" <= c <= "\u036f"))


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE."""
    return like_matcher(pattern)(text)


def includes(text: str, needle: str) -> bool:
    """LIKE with `%` before and after; both in lower case already."""
    if "%" in needle or "_" in needle or "\\" in needle:
        return like(text, f"%{needle}%")
    return needle in text


#: Escapes of PostgreSQL's patterns that Python spells otherwise.
_ESCAPES = {"m": r"\b(?=\w)", "M": r"\b(?<=\w)", "y": r"\b", "Y": r"\B", "Z": r"\Z"}


def _translated(pattern: str) -> str:
    """A PostgreSQL pattern as one of the `regex` package: `$` is the very end, and some escapes differ."""
    parts = []
    position, in_set = 0, False
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "\\" and position < len(pattern):
            following = pattern[position]
            position += 1
            parts.append(_ESCAPES.get(following, character + following) if not in_set else character + following)
        elif in_set:
            if character == "[" and pattern[position : position + 1] == ":":
                end = pattern.find(":]", position + 1)
                if end > 0:
                    parts.append(pattern[position - 1 : end + 2])
                    position = end + 2
                    continue
            in_set = character != "]" or parts[-1] in ("[", "[^")
            parts.append(character)
        elif character == "[":
            in_set = True
            negated = pattern[position : position + 1] == "^"
            parts.append("[^" if negated else "[")
            position += negated
        else:
            parts.append(r"\Z" if character == "$" else character)
    return "".join(parts)


@lru_cache(256)
def expression_of(pattern: str, ignore_case: bool) -> regex.Pattern[str]:
    """PostgreSQL's pattern, compiled. Raises XanoScriptError for one that is not valid."""
    import regex

    try:
        return regex.compile(_translated(pattern), regex.DOTALL | (regex.IGNORECASE if ignore_case else 0))
    except regex.error as error:
        raise XanoScriptError(
            f"SQL Error: invalid regular expression: {error}", hint=f"the pattern is {pattern!r}"
        ) from None


def with_expression(pattern: str, ignore_case: bool, use: Callable[[regex.Pattern[str], float], Found]) -> Found:
    """What `use` gives for a pattern and the seconds it may take. Raises XanoScriptError for a pattern that is not
    valid, or that takes too long."""
    try:
        return use(expression_of(pattern, ignore_case), _PATIENCE)
    except TimeoutError:
        raise XanoScriptError(
            "SQL Error: the regular expression takes too long", hint=f"the pattern is {pattern!r}"
        ) from None


def matches(text: str, pattern: str, ignore_case: bool = False) -> bool:
    """Whether a pattern is found. Raises XanoScriptError for one that is not valid, or that takes too long."""
    return with_expression(pattern, ignore_case, lambda found, seconds: found.search(text, timeout=seconds) is not None)


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(lower(text))


def text_of(number: float) -> str:
    """A number in its shortest form."""
    if number.__class__ is float and not (number == int(number) and abs(number) < 1e15):
        return repr(number)
    return text_of_number(number)
