"""More mistakes with words of their own: commas, colons and equals signs, lines, values (language 7).

They are tried after those of `recognisers`, in the order of this file.
"""

from __future__ import annotations

import re

from xsrun.language.token_classes import (
    BLOCK_WORDS,
    INFIX_OPERATORS,
    ITEM_STARTS,
    OPERATORS,
    SIGNS,
    VALUE_ENDS,
    VALUE_STARTS,
)
from xsrun.syntax.misfit import Found, Misfit, Recognisers, cut
from xsrun.syntax.nesting import find
from xsrun.syntax.problems import line_break, shorten, spelling
from xsrun.syntax.tokens import HOLE, Token

RECOGNISERS = Recognisers()


# Commas, colons and equals signs -------------------------------------------------------------------------------------


@RECOGNISERS.add
def comma_ends_attribute(place: Misfit) -> Found | None:
    """`value = 1,` at the end of a line or block."""
    if place.kind() in ("_NEWLINE", "RBRACE", "") and place.kind(-1) == "COMMA" and place.bracket in ("BODY_OPEN", ""):
        comma = place.at(-1)
        message = "attributes are not separated by a comma at the end of the line"
        return Found("XS110", message, "delete the comma", comma, cut(comma))
    return None


@RECOGNISERS.add
def comma_between_fields(place: Misfit) -> Found | None:
    if place.kind() == "COMMA" and place.bracket == "FIELDS_OPEN":
        comma = place.at()
        fix = cut(comma) if place.kind(1) in ("_NEWLINE", "RBRACE") else None
        return Found("XS110", "fields are not separated by commas", "put each field on a line of its own", comma, fix)
    return None


@RECOGNISERS.add
def filter_argument_comma(place: Misfit) -> Found | None:
    """`|get:"a",3` and `|get("a")`."""
    if place.kind() == "LPAR" and place.kind(-1) == "FILTER":
        return _argument_without_colon(place, place.at(-1))
    for offset in (0, -1):
        if place.kind(offset) == "COMMA" and place.bracket in ("BODY_OPEN", "", "LPAR"):
            line = place.source.line(place.at(offset).line)[: place.at(offset).column - 1]
            match = re.search(r"\|\s*(\w+)\s*:[^|]*$", line)
            if match:
                comma = place.at(offset)
                message = f"the arguments of the filter `{match.group(1)}` are separated by colons, not commas"
                return Found("XS114", message, "write : instead of the comma", comma, cut(comma, ":"))
    return None


@RECOGNISERS.add
def colon_instead_of_assign(place: Misfit) -> Found | None:
    name = place.value(-1)
    if place.kind() == "_COLON" and place.kind(-1) in ("NAME", "FIELDS") and place.bracket in ("BODY_OPEN", ""):
        colon = place.at()
        if name in BLOCK_WORDS:
            return Found("XS120", f"`{name}` takes no colon", f"write {name} {{", colon, cut(colon))
        new = " =" if place.source.text[colon.end_pos : colon.end_pos + 1] == " " else " = "
        return Found("XS120", f"attributes use `=`, not `:`: `{name}`", f"write {name} = ...", colon, cut(colon, new))
    return None


@RECOGNISERS.add
def assign_instead_of_colon(place: Misfit) -> Found | None:
    """`{a = 1}`."""
    if place.bracket != "LBRACE":
        return None
    for offset in (0, -1):
        if place.kind(offset) in ("NAME", "STRING") and place.kind(offset + 1) == "ASSIGN":
            sign = place.at(offset + 1)
            name = place.value(offset)
            fix = cut(sign, ":")
            if place.source.text[sign.start_pos - 1 : sign.start_pos] == " ":
                fix = [(sign.start_pos - 1, sign.end_pos, ":")]
            return Found(
                "XS121", f"the entries of an object use `:`, not `=`: `{name}`", f"write {name}: ...", sign, fix
            )
    return None


@RECOGNISERS.add
def dynamic_key(place: Misfit) -> Found | None:
    """`{($k): 1}`, `{[$k]: 1}`."""
    opened = place.kind(-1) in ("LBRACE", "COMMA", "_NEWLINE")
    if place.bracket == "LBRACE" and opened and place.kind() in ("LPAR", "LSQB", "VARIABLE", "BACKTICK"):
        hint = "write {}|set:$key:value, and so on for each key that is a value"
        return Found("XS133", "the key of an entry is a word or a text, not a value", hint, place.at())
    return None


@RECOGNISERS.add
def key_without_value(place: Misfit) -> Found | None:
    """`{a}`, `{a, b: 1}`."""
    if place.bracket != "LBRACE" or place.kind(-1) not in ("LBRACE", "COMMA", "_NEWLINE"):
        return None
    if place.kind() in ("NAME", "STRING") and place.kind(1) in ("RBRACE", "COMMA", "_NEWLINE"):
        name = place.value()
        return Found("XS134", f"`:` and a value must follow the key {name}", f"write {name}: ...", place.at())
    if place.kind() in ("NAME", "STRING") and place.kind(1) in VALUE_STARTS:
        name, following = place.value(), place.at(1)
        fix = [(place.at().end_pos, place.at().end_pos, ":")] if place.kind(2) != "_COLON" else None
        return Found("XS134", f"`:` is missing after the key {name}", f"write {name}: ...", following, fix)
    return None


@RECOGNISERS.add
def item_missing(place: Misfit) -> Found | None:
    """`[1,, 2]`, `{, a: 1}`."""
    if place.bracket not in ("LSQB", "LBRACE") or place.kind() != "COMMA":
        return None
    if place.kind(-1) not in (place.bracket, "COMMA", "_NEWLINE"):
        return None
    what, comma = "item" if place.bracket == "LSQB" else "entry", place.at()
    return Found("XS135", f"an {what} is missing before the comma", "delete the comma", comma, cut(comma))


# Lines and values ----------------------------------------------------------------------------------------------------


@RECOGNISERS.add
def operator_begins_line(place: Misfit) -> Found | None:
    if place.kind() in OPERATORS and place.kind(-1) == "_NEWLINE":
        sign = place.value()
        return Found(
            "XS117",
            f"a value ends with its line; a line cannot begin with `{sign}`",
            "put it on one line, or the whole value in parentheses; only a filter's | may begin a line",
            place.at(),
        )
    return None


@RECOGNISERS.add
def two_statements_on_a_line(place: Misfit) -> Found | None:
    ended = place.kind(-1) == "RBRACE" or place.kind(-2) == "AS"
    if ended and place.kind() in ("NAME", "HEAD_NAME") and place.bracket in ("BODY_OPEN", ""):
        token = place.at()
        fix = line_break(place.source, token)
        return Found("XS118", "each statement begins on a line of its own", "start a new line before it", token, fix)
    return None


_LIKE = "the operator of a where is written `ilike`, in lower case"
#: Words where an operator of a condition should stand, and what was meant.
_OPERATOR_WORDS = {
    "LIKE": "the operator of a where is written `like`, in lower case",
    "ILIKE": _LIKE,
    "IN": "the operator of a where is written `in`, in lower case",
    "startsWith": 'write `ilike "text%"`',
    "startswith": 'write `ilike "text%"`',
    "endsWith": 'write `ilike "%text"`',
    "endswith": 'write `ilike "%text"`',
    "INCLUDES": "the operator of a where is written `includes`, in lower case",
    "CONTAINS": "write `includes` for texts, `contains` for lists",
}


@RECOGNISERS.add
def value_follows_value(place: Misfit) -> Found | None:
    """`["a" "b"]`, `$a "b"`, `$a|get "b"`."""
    before, token = place.token(-1), place.token()
    begins = ITEM_STARTS if place.bracket == "LSQB" else VALUE_STARTS
    if before is None or token is None or before.type not in VALUE_ENDS or before.value == HOLE:
        return None
    begun = token.type in begins or (token.type == "BANG" and place.kind(1) in VALUE_STARTS)
    if not (begun or _begins_entry(place)) or not place.in_value:
        return None
    shown = shorten(spelling(place.source, token))
    filtered = before.type == "FILTER"
    if place.bracket == "LSQB" or _begins_entry(place):
        what = "items" if place.bracket == "LSQB" else "entries"
        message, hint = f"a comma is missing before `{shown}`", f"separate {what} by a comma or a new line"
        fix = [(before.end_pos, before.end_pos, ",")]
        return Found("XS119", message, hint, token, fix if what == "entries" or not filtered else None)
    if filtered:
        return _argument_without_colon(place, before)
    words = before.type == token.type == "NAME"
    hint = "a text stands in quotes" if words else "put an operator between two values; ~ joins texts"
    hint = _OPERATOR_WORDS.get(before.value, hint) if before.type == "NAME" else hint
    return Found("XS119", f"an operator is missing before `{shown}`", hint, token)


def _begins_entry(place: Misfit) -> bool:
    """Is a token of an object the beginning of its next entry?"""
    if place.bracket != "LBRACE":
        return False
    key = 1 if place.kind() == "BANG" else 0
    named = place.kind(key) in ("NAME", "STRING", "KEY") and place.kind(key + 1) == "_COLON"
    return place.kind() == "SPREAD" or named


def _argument_without_colon(place: Misfit, name: Token) -> Found:
    """`$a|get "b"`, `$a|get("b")`."""
    shown = name.value.lstrip("!")
    message = f"the arguments of a filter follow a colon: `{shown}`"
    return Found("XS114", message, f"write |{shown}:argument:argument", place.at())


@RECOGNISERS.add
def value_taken_for_attribute(place: Misfit) -> Found | None:
    """`value = "a" "b"`, `value = $a b`, `value = $a !$b`: what follows was taken for the next attribute."""
    taken = place.kind(-1) in ("STRING", "NAME", "BANG") and place.kind(-2) in VALUE_ENDS
    if taken:
        return value_follows_value(Misfit(place.source, place.items, place.index - 1))
    return None


@RECOGNISERS.add
def conditional_cut_off(place: Misfit) -> Found | None:
    """`(1 > 2 ? "a"):"b"`: the parenthesis closes before the second value of `? :`."""
    if place.kind() != "RPAR" or place.bracket != "LPAR" or place.kind(1) != "_COLON":
        return None
    if find(place.items, ("QUESTION",), (place.opener or 0) + 1, place.index) is None:
        return None
    hint = "keep both values of ? : inside the parentheses"
    return Found("XS116", "the parenthesis ends before the second value of `? :`", hint, place.at())


@RECOGNISERS.add
def nothing_before_operator(place: Misfit) -> Found | None:
    """`value = == 1`, `(* 2)`, `$a ~ |trim`."""
    begun = {"ASSIGN", "LPAR", "LSQB", "LINDEX"} | ({"COMMA"} if place.bracket != "LBRACE" else set())
    wanting = OPERATORS | SIGNS | (begun if place.kind() != "_COLON" else set())
    if place.kind() in INFIX_OPERATORS | {"FILTER"} and place.kind(-1) in wanting:
        shown = spelling(place.source, place.at())
        before = spelling(place.source, place.at(-1))
        message = f"a value is missing between `{before}` and `{shown}`"
        return Found("XS109", message, None, place.at())
    return None


@RECOGNISERS.add
def statement_without_name(place: Misfit) -> Found | None:
    """A line of a stack that begins with a value."""
    token = place.token()
    if (
        place.kind() in ("_NEWLINE", "RBRACE")
        and place.kind(-1) == "STRING"
        and place.kind(-2) in ("_NEWLINE", "BODY_OPEN")
    ):
        return statement_without_name(Misfit(place.source, place.items, place.index - 1))
    begins = place.kind(-1) in ("_NEWLINE", "BODY_OPEN", "")
    head = place.head()
    operator = place.kind() in OPERATORS | {"FILTER", "LINDEX"}
    if head and operator and head[0].type == "NAME" and head[0].value.startswith("$") and len(head) < 3:
        token = head[0]
        hint = f"a value alone does nothing; write var $name {{ value = {shorten(token.value)} ... }}"
        return Found("XS136", f"a statement begins with its name, not with `{token.value}`", hint, token)
    if token is None or not begins or token.type not in VALUE_STARTS | {"HEAD_NAME"} or token.value == HOLE:
        return None
    if place.bracket not in ("BODY_OPEN", ""):
        return None
    shown = shorten(spelling(place.source, token))
    hint = "a value alone does nothing; write var $name { value = ... } or return { value = ... }"
    return Found("XS136", f"a statement begins with its name, not with `{shown}`", hint, token)


@RECOGNISERS.add
def chained_comparison(place: Misfit) -> Found | None:
    """`1 < $x < 10`."""
    if place.kind() == "COMPARE" and any(token.type == "COMPARE" for token in place.head()):
        hint = "join two comparisons with &&: $x > 1 && $x < 10"
        return Found("XS137", "comparisons cannot be chained", hint, place.at())
    return None
