"""What is said of a token that fits nowhere: what a recogniser knows of it, else what would fit there."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.diagnostics import Diagnostic
from xsrun.language.token_classes import ITEM_ENDS, VALUE_STARTS
from xsrun.syntax import recognisers, value_recognisers
from xsrun.syntax.misfit import Found, Misfit
from xsrun.syntax.problems import at_token, problem, shorten, spelling
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Token


def unexpected(source: Source, items: list[Token], index: int, expected: Iterable[str]) -> Diagnostic:
    """The parser met a token that fits nowhere. `index` is its place, `len(items)` the end of the text."""
    found = recognise(source, items, index)
    if found is not None:
        return at_token(source, found.code, found.message, found.hint, found.token, found.fix).diagnostic
    before = items[index - 1] if 0 < index <= len(items) else None
    if (
        before is not None
        and set(expected) >= VALUE_STARTS
        and (index == len(items) or items[index].line > before.end_line or items[index].type in ITEM_ENDS)
    ):
        place = (before.end_line, before.end_column)
        message = f"a value is missing after `{shorten(spelling(source, before))}`"
        return problem(source, "XS109", message, None, place)
    if index >= len(items):
        last = items[-1] if items else None
        place = (last.end_line, last.end_column) if last else (1, 1)
        return problem(source, "XS199", f"the text ends where {_wanted(expected)} should follow", None, place)
    token = items[index]
    shown = "the end of the line" if token.type == "_NEWLINE" else f"`{shorten(spelling(source, token))}`"
    message = f"{shown} does not fit here; {_wanted(expected)} would"
    return at_token(source, "XS199", message, None, token).diagnostic


_WORDS_FOR = {
    "NAME": "a name",
    "VARIABLE": "a value",
    "STRING": "a value",
    "NUMBER": "a value",
    "_NEWLINE": "the end of the line",
    "RBRACE": "`}`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "BODY_OPEN": "`{`",
    "FIELDS_OPEN": "`{`",
    "ASSIGN": "`=`",
    "_COLON": "`:`",
    "COMMA": "a comma",
    "KEY": "a key",
    "HEAD_NAME": "a name",
    "AS": "`as $name`",
    "FILTER": "a filter",
}


def _wanted(expected: Iterable[str]) -> str:
    """What would fit, in words, the likeliest first."""
    names = set(expected)
    if names >= VALUE_STARTS:
        return "a value"
    words = list(dict.fromkeys(_WORDS_FOR[name] for name in _WORDS_FOR if name in names))
    if not words:
        return "something else"
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def recognise(source: Source, items: list[Token], index: int) -> Found | None:
    """What the first fitting recogniser says about the token at a place; None when the mistake is none of them."""
    place = Misfit(source, items, index)
    for function in (*recognisers.RECOGNISERS.all, *value_recognisers.RECOGNISERS.all):
        found = function(place)
        if found is not None:
            return found
    return None
