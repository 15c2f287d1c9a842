"""The mistakes that people and models make most, each with words of its own (language 7).

A recogniser looks at the token that fits nowhere and its neighbours, and tells what was meant. They are tried in the
order of this file, the particular before the general. A `fix` is given only where no other meaning is likely.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from xsrun.diagnostics.record import Fix
from xsrun.patterns import pattern
from xsrun.syntax.mistakes import TEMPLATE, line_break, shorten, spelling
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import HOLE, Token

_OPENERS = frozenset({"BODY_OPEN", "FIELDS_OPEN", "LBRACE", "LPAR", "LSQB", "LINDEX"})
_CLOSERS = frozenset({"RBRACE", "RPAR", "RSQB"})
_VALUE_ENDS = frozenset(
    {"STRING", "NUMBER", "VARIABLE", "MEMBER", "RPAR", "RSQB", "RBRACE", "NAME", "TRUE", "FALSE", "NULL", "TEXT_BLOCK"}
)
_VALUE_STARTS = frozenset(
    {"STRING", "NUMBER", "VARIABLE", "LSQB", "LBRACE", "KEY", "TRUE", "FALSE", "NULL", "TEXT_BLOCK"}
)
_OPERATORS = frozenset(
    {"PLUS", "MINUS", "TIMES", "CONCAT", "COMPARE", "NULLISH", "ELVIS", "QUESTION", "_COLON", "OR", "AND"}
)
_CONDITIONS = {"if", "elseif", "while", "switch", "case", "for", "foreach", "precondition"}
#: Blocks that take no value: what follows their name is a brace.
BLOCK_WORDS = frozenset(
    {"default", "else", "try", "catch", "finally", "each", "stack", "input", "schema", "conditional"}
)
#: `$item in $list`, the head of a loop in other languages, and what a loop of this one begins with.
_WALK = pattern(r"(\$?\w+)\s+(?:in|of)\s+(\S.*)")
_EACH = pattern(r"\s*\{\s*each\s+as\s+(\$?\w+)")
_WORDS = {"and": "&&", "or": "||", "not": "!", "xor": "!=", "is": "==", "equals": "=="}


class Found(NamedTuple):
    """What a recogniser found."""

    code: str
    message: str
    hint: str | None
    token: Token
    fix: list[Fix] | None = None


class Place:
    """The token that fits nowhere, with its neighbours."""

    def __init__(self, source: Source, items: list[Token], index: int) -> None:
        self.source, self.items, self.index = source, items, index

    def kind(self, offset: int = 0) -> str:
        token = self.token(offset)
        return token.type if token is not None else ""

    def value(self, offset: int = 0) -> str:
        token = self.token(offset)
        return token.value if token is not None else ""

    def token(self, offset: int = 0) -> Token | None:
        place = self.index + offset
        return self.items[place] if 0 <= place < len(self.items) else None

    def at(self, offset: int = 0) -> Token:
        return self.items[self.index + offset]

    @property
    def bracket(self) -> str:
        """The type of the innermost bracket around the token, empty at the top."""
        depth = 0
        for token in reversed(self.items[: self.index]):
            if token.type in _CLOSERS:
                depth += 1
            elif token.type in _OPENERS:
                if depth == 0:
                    return token.type
                depth -= 1
        return ""

    def head(self) -> list[Token]:
        """The tokens of the line's statement before the token."""
        begin, depth = self.index, 0
        while begin > 0:
            kind = self.items[begin - 1].type
            if depth == 0 and (kind == "_NEWLINE" or kind in _OPENERS):
                break
            depth += (kind in _CLOSERS) - (kind in _OPENERS)
            begin -= 1
        return self.items[begin : self.index]

    def rest_of_line(self, start: int) -> str:
        """The text from an offset to the brace that ends the line, or to the line's end."""
        text = self.source.text[start:].partition("\n")[0]
        return text.partition(" {")[0].rstrip()


Recogniser = Callable[[Place], "Found | None"]
RECOGNISERS: list[Recogniser] = []


def recogniser(function: Recogniser) -> Recogniser:
    """Declare a recogniser."""
    RECOGNISERS.append(function)
    return function


def recognise(source: Source, items: list[Token], index: int) -> Found | None:
    """What the first fitting recogniser says about the token at a place; None when the mistake is none of them."""
    place = Place(source, items, index)
    for function in RECOGNISERS:
        found = function(place)
        if found is not None:
            return found
    return None


def _cut(token: Token, new: str = "") -> list[Fix]:
    return [(token.start_pos, token.end_pos, new)]


# Foreign text --------------------------------------------------------------------------------------------------------


@recogniser
def template(place: Place) -> Found | None:
    """Twig code outside of texts."""
    token = place.token()
    if token is not None and place.source.text[token.start_pos : token.start_pos + 2] in ("{%", "{{"):
        return Found("XS125", *TEMPLATE, token)
    return None


@recogniser
def word_instead_of_operator(place: Place) -> Found | None:
    """`not $x`, `$a and $b`."""
    for offset in (0, -1):
        kind, value = place.kind(offset), place.value(offset).lower()
        if kind in ("NAME", "HEAD_NAME") and value in _WORDS and not (offset == -1 and place.kind(-2) == "_NEWLINE"):
            token, sign = place.at(offset), _WORDS[value]
            end = token.end_pos
            if sign == "!":
                while place.source.text[end : end + 1] == " ":
                    end += 1
            if place.bracket in ("BODY_OPEN", "") and place.kind(offset - 1) in ("", "_NEWLINE", "BODY_OPEN"):
                return None
            return Found(
                "XS112", f"`{token.value}` is not an operator", f"write {sign}", token, [(token.start_pos, end, sign)]
            )
    return None


@recogniser
def arrow_function(place: Place) -> Found | None:
    for offset in (-3, -2, -1, 0, 1):
        token = place.token(offset)
        if token is not None and place.source.text.startswith("=>", token.start_pos):
            return Found(
                "XS115",
                "expression filters take an expression, not an arrow function",
                "write the expression over $$ (or $this): |map:$$.price * 2",
                token,
            )
    return None


@recogniser
def operators_of_other_languages(place: Place) -> Found | None:
    signs = (("<>", "write != for not equal", "!="), ("**", "write |pow:x", None), ("=~", "use |regex_matches", None))
    for offset in (-1, 0):
        token = place.token(offset)
        for sign, hint, new in signs:
            if token is not None and place.source.text.startswith(sign, token.start_pos):
                fix = [(token.start_pos, token.start_pos + 2, new)] if new else None
                return Found("XS116", f"`{sign}` is not an operator", hint, token, fix)
    return None


@recogniser
def assignment_operator(place: Place) -> Found | None:
    """`$n += 1`, `$n++`."""
    head = place.head()
    if not head or head[0].type != "NAME" or not head[0].value.startswith("$"):
        return None
    name, sign = head[0].value, place.value()
    verbs = {"+": "math.add", "-": "math.sub", "*": "math.mul", "/": "math.div", "%": "math.mod", "~": "text.append"}
    if sign in ("++", "--") or (sign == "-" and place.value(1) == "-"):
        verb = "math.add" if sign == "++" else "math.sub"
        return Found("XS126", f"`{sign}` changes no variable", f"write {verb} {name} {{ value = 1 }}", head[0])
    if sign in verbs and place.kind(1) == "ASSIGN":
        hint = f"write {verbs[sign]} {name} {{ value = ... }}"
        return Found("XS126", f"`{sign}=` is not an operator", hint, place.at())
    return None


# Heads of statements -------------------------------------------------------------------------------------------------


@recogniser
def else_if(place: Place) -> Found | None:
    if place.kind(-1) == "NAME" and place.value(-1) == "else" and place.kind() in ("IF", "HEAD_NAME"):
        first, second = place.at(-1), place.at()
        fix = [(first.start_pos, second.end_pos, "elseif")] if second.value == "if" else None
        return Found("XS111", "`else if` is one word here", "write elseif (...) {", first, fix)
    return None


@recogniser
def missing_dollar(place: Place) -> Found | None:
    """`as id`, `each as item`."""
    if place.kind(-1) == "AS" and place.kind() == "HEAD_NAME":
        token = place.at()
        name = token.value
        message = f"the name of a result begins with a dollar sign: `{name}`"
        return Found("XS113", message, f"write as ${name}", token, [(token.start_pos, token.start_pos, "$")])
    return None


@recogniser
def unparenthesised_condition(place: Place) -> Found | None:
    """`if $a == 1 {`, `while $n < 10 {`, `foreach $list as $item {`."""
    head = place.head()
    if len(head) < 2 or head[0].type != "NAME" or head[0].value not in _CONDITIONS:
        return None
    if head[1].type in ("LPAR", "BODY_OPEN"):
        return None
    if place.kind() in ("AS", "HEAD_NAME", "_NEWLINE"):
        return None
    word, start = head[0].value, head[1].start_pos
    shown = _condition(place.source.text[start:].partition("\n")[0])
    message = f"the condition of `{word}` stands in parentheses"
    walked = _WALK.fullmatch(shown) if word in ("for", "foreach") else None
    if walked is not None:
        return Found("XS127", message, *_walk_over(place, walked, start))
    hint = f"write {word} ({shorten(shown)}) {{"
    safe = word not in ("for", "foreach") or not set(shown) & set("=;,")
    fix = [(start, start, "("), (start + len(shown), start + len(shown), ")")] if safe else None
    return Found("XS127", message, hint, place.at(), fix)


def _condition(line: str) -> str:
    """The condition that a line begins with, without the brace that opens what it guards."""
    whole = line.rstrip()
    if whole.endswith("{") and "//" not in whole and whole[:-1].count("{") == whole.count("}"):
        return whole[:-1].rstrip()
    return line.partition("{")[0].rstrip()


def _walk_over(place: Place, walked: re.Match[str], start: int) -> tuple[str, Token, list[tuple[int, int, str]] | None]:
    """`for $i in 0..5`, as in other languages: a foreach, whose `each` names the variable."""
    name, subject = "$" + walked[1].lstrip("$"), walked[2]
    hint = f"write foreach ({shorten(subject)}) {{ each as {name} {{ ... }} }}"
    end = start + walked.end()
    inside = _EACH.match(place.source.text, end)
    head = place.head()[0]
    named = inside is not None and inside[1] == name
    return hint, place.at(), [(head.start_pos, end, f"foreach ({subject})")] if named else None


@recogniser
def unparenthesised_return(place: Place) -> Found | None:
    """`return $a + 1`, `throw "x" ~ $y`."""
    head = place.head()
    if len(head) < 2 or head[0].type != "NAME" or head[1].type == "BODY_OPEN":
        return None
    if head[0].value not in ("return", "throw", "debug.log", "debug.stop"):
        return None
    shown = place.rest_of_line(head[1].start_pos)
    hint = f"write {head[0].value} {{ value = {shown} }}"
    start = head[1].start_pos
    alone = "{" not in shown and "//" not in shown and head[0].value != "throw"
    fix = [(start, start, "{ value = "), (start + len(shown), start + len(shown), " }")] if alone else None
    return Found("XS128", f"the value of `{head[0].value}` stands in braces", hint, place.at(), fix)


@recogniser
def inline_assignment(place: Place) -> Found | None:
    """`var $x = 1`, `var.update $x = 2`."""
    head = place.head()
    if len(head) >= 2 and head[0].value in ("var", "var.update", "let", "const") and place.kind() == "ASSIGN":
        following = place.token(1)
        shown = place.rest_of_line(following.start_pos) if following is not None else "..."
        name = place.source.text[head[1].start_pos : head[-1].end_pos]
        dollar = "" if name.startswith("$") else "$"
        verb = head[0].value if head[0].value.startswith("var") else "var"
        hint = f"write {verb} {dollar}{name} {{ value = {shown} }}"
        fix = None
        if following is not None and verb == head[0].value and not dollar and not set(shown) & set("{[(\"'`/"):
            end = following.start_pos + len(shown)
            fix = [(place.at().start_pos, following.start_pos, "{ value = "), (end, end, " }")]
        return Found("XS129", f"`{head[0].value}` takes its value in braces", hint, place.at(), fix)
    return None


@recogniser
def second_name(place: Place) -> Found | None:
    """`function "a" "b" {`."""
    if place.bracket == "" and place.kind() in ("STRING", "HEAD_NAME") and place.kind(-1) in ("STRING", "HEAD_NAME"):
        name = spelling(place.source, place.at())
        return Found(
            "XS131", f"only one name is allowed; {name} is a second one", "delete it, or use one path", place.at()
        )
    return None


@recogniser
def call_with_parentheses(place: Place) -> Found | None:
    """`debug.log("a", 1)`: a statement written as a call."""
    head = place.head()
    if place.kind() == "COMMA" and place.bracket == "LPAR":
        opener = next((i for i in range(place.index - 1, -1, -1) if place.items[i].type == "LPAR"), 0)
        name = place.items[opener - 1] if opener else None
        if name is not None and name.type == "NAME" and "." in name.value:
            hint = f"write {name.value} {{ name = value }}, one attribute a line"
            return Found("XS132", f"the statement `{name.value}` takes attributes in braces, not arguments", hint, name)
    if head and head[-1].type == "FILTER":
        return None
    return None


# Commas, colons and equals signs -------------------------------------------------------------------------------------


@recogniser
def comma_ends_attribute(place: Place) -> Found | None:
    """`value = 1,` at the end of a line or block."""
    if place.kind() in ("_NEWLINE", "RBRACE", "") and place.kind(-1) == "COMMA" and place.bracket in ("BODY_OPEN", ""):
        comma = place.at(-1)
        message = "attributes are not separated by a comma at the end of the line"
        return Found("XS110", message, "delete the comma", comma, _cut(comma))
    return None


@recogniser
def comma_between_fields(place: Place) -> Found | None:
    if place.kind() == "COMMA" and place.bracket == "FIELDS_OPEN":
        comma = place.at()
        fix = _cut(comma) if place.kind(1) in ("_NEWLINE", "RBRACE") else None
        return Found("XS110", "fields are not separated by commas", "put each field on a line of its own", comma, fix)
    return None


@recogniser
def filter_argument_comma(place: Place) -> Found | None:
    """`|get:"a",3` and `|get("a")`."""
    if place.kind() == "LPAR" and place.kind(-1) == "FILTER":
        name = place.value(-1).lstrip("!")
        message = f"the arguments of a filter follow a colon: `{name}`"
        return Found("XS114", message, f"write |{name}:argument:argument", place.at())
    for offset in (0, -1):
        if place.kind(offset) == "COMMA" and place.bracket in ("BODY_OPEN", "", "LPAR"):
            line = place.source.line(place.at(offset).line)[: place.at(offset).column - 1]
            match = re.search(r"\|\s*(\w+)\s*:[^|]*$", line)
            if match:
                comma = place.at(offset)
                message = f"the arguments of the filter `{match.group(1)}` are separated by colons, not commas"
                return Found("XS114", message, "write : instead of the comma", comma, _cut(comma, ":"))
    return None


@recogniser
def colon_instead_of_assign(place: Place) -> Found | None:
    name = place.value(-1)
    if place.kind() == "_COLON" and place.kind(-1) in ("NAME", "FIELDS") and place.bracket in ("BODY_OPEN", ""):
        colon = place.at()
        if name in BLOCK_WORDS:
            return Found("XS120", f"`{name}` takes no colon", f"write {name} {{", colon, _cut(colon))
        new = " =" if place.source.text[colon.end_pos : colon.end_pos + 1] == " " else " = "
        return Found("XS120", f"attributes use `=`, not `:`: `{name}`", f"write {name} = ...", colon, _cut(colon, new))
    return None


@recogniser
def assign_instead_of_colon(place: Place) -> Found | None:
    """`{a = 1}`."""
    if place.bracket != "LBRACE":
        return None
    for offset in (0, -1):
        if place.kind(offset) in ("NAME", "STRING") and place.kind(offset + 1) == "ASSIGN":
            sign = place.at(offset + 1)
            name = place.value(offset)
            fix = _cut(sign, ":")
            if place.source.text[sign.start_pos - 1 : sign.start_pos] == " ":
                fix = [(sign.start_pos - 1, sign.end_pos, ":")]
            return Found(
                "XS121", f"the entries of an object use `:`, not `=`: `{name}`", f"write {name}: ...", sign, fix
            )
    return None


@recogniser
def dynamic_key(place: Place) -> Found | None:
    """`{($k): 1}`, `{[$k]: 1}`."""
    opened = place.kind(-1) in ("LBRACE", "COMMA", "_NEWLINE")
    if place.bracket == "LBRACE" and opened and place.kind() in ("LPAR", "LSQB", "VARIABLE", "BACKTICK"):
        hint = "write {}|set:$key:value, and so on for each key that is a value"
        return Found("XS133", "the key of an entry is a word or a text, not a value", hint, place.at())
    return None


@recogniser
def key_without_value(place: Place) -> Found | None:
    """`{a}`, `{a, b: 1}`."""
    if place.bracket != "LBRACE" or place.kind(-1) not in ("LBRACE", "COMMA", "_NEWLINE"):
        return None
    if place.kind() in ("NAME", "STRING") and place.kind(1) in ("RBRACE", "COMMA", "_NEWLINE"):
        name = place.value()
        return Found("XS134", f"`:` and a value must follow the key {name}", f"write {name}: ...", place.at())
    if place.kind() in ("NAME", "STRING") and place.kind(1) in _VALUE_STARTS:
        name, following = place.value(), place.at(1)
        fix = [(place.at().end_pos, place.at().end_pos, ":")]
        return Found("XS134", f"`:` is missing after the key {name}", f"write {name}: ...", following, fix)
    if place.kind() == "COMMA":
        comma = place.at()
        return Found("XS135", "an entry is missing before the comma", "delete the comma", comma, _cut(comma))
    return None


@recogniser
def item_missing(place: Place) -> Found | None:
    """`[1,, 2]`, `[, 1]`."""
    if place.bracket == "LSQB" and place.kind() == "COMMA" and place.kind(-1) in ("LSQB", "COMMA"):
        comma = place.at()
        return Found("XS135", "an item is missing before the comma", "delete the comma", comma, _cut(comma))
    return None


# Lines and values ----------------------------------------------------------------------------------------------------


@recogniser
def operator_begins_line(place: Place) -> Found | None:
    if place.kind() in _OPERATORS and place.kind(-1) == "_NEWLINE":
        sign = place.value()
        return Found(
            "XS117",
            f"a value ends with its line; a line cannot begin with `{sign}`",
            "put it on one line, or the whole value in parentheses; only a filter's | may begin a line",
            place.at(),
        )
    return None


@recogniser
def two_statements_on_a_line(place: Place) -> Found | None:
    if place.kind(-1) == "RBRACE" and place.kind() in ("NAME", "HEAD_NAME") and place.bracket in ("BODY_OPEN", ""):
        token = place.at()
        fix = line_break(place.source, token)
        return Found("XS118", "each statement begins on a line of its own", "break the line before it", token, fix)
    return None


@recogniser
def value_follows_value(place: Place) -> Found | None:
    before, kind = place.kind(-1), place.kind()
    if before not in _VALUE_ENDS:
        return None
    in_object = place.bracket == "LBRACE" and kind in ("NAME", "STRING", "KEY") and place.kind(1) == "_COLON"
    if kind not in _VALUE_STARTS and not in_object:
        return None
    token = place.at()
    shown = shorten(spelling(place.source, token))
    if place.bracket in ("LSQB", "LBRACE"):
        what = "entries" if place.bracket == "LBRACE" else "items"
        end = place.at(-1).end_pos
        message = f"a comma is missing before `{shown}`"
        return Found("XS119", message, f"separate {what} by a comma or a new line", token, [(end, end, ",")])
    hint = "put an operator between two values; ~ joins texts"
    return Found("XS119", f"nothing joins `{shown}` to what stands before it", hint, token)


@recogniser
def text_follows_value(place: Place) -> Found | None:
    """`value = "a" "b"`: the second text is taken for the name of an attribute."""
    if place.kind() in ("RBRACE", "_NEWLINE", "") and place.kind(-1) == "STRING" and place.kind(-2) in _VALUE_ENDS:
        return value_follows_value(Place(place.source, place.items, place.index - 1))
    return None


@recogniser
def nothing_before_operator(place: Place) -> Found | None:
    """`value = == 1`, `(* 2)`."""
    starts = ("ASSIGN", "LPAR", "LSQB", "_COLON", "COMMA", "COMPARE", "AND", "OR", "PLUS", "TIMES", "CONCAT", "NULLISH")
    if place.kind() in ("COMPARE", "AND", "OR", "TIMES", "CONCAT", "NULLISH", "ELVIS") and place.kind(-1) in starts:
        shown = spelling(place.source, place.at())
        before = spelling(place.source, place.at(-1))
        message = f"a value is missing between `{before}` and `{shown}`"
        return Found("XS109", message, None, place.at())
    return None


@recogniser
def statement_without_name(place: Place) -> Found | None:
    """A line of a stack that begins with a value."""
    token = place.token()
    if (
        place.kind() in ("_NEWLINE", "RBRACE")
        and place.kind(-1) == "STRING"
        and place.kind(-2) in ("_NEWLINE", "BODY_OPEN")
    ):
        return statement_without_name(Place(place.source, place.items, place.index - 1))
    begins = place.kind(-1) in ("_NEWLINE", "BODY_OPEN", "")
    head = place.head()
    operator = place.kind() in ("FILTER", "COMPARE", "LINDEX", "WORD_OPERATOR") or place.kind() in _OPERATORS
    if head and operator and head[0].type == "NAME" and head[0].value.startswith("$") and len(head) < 3:
        token = head[0]
        hint = f"a value alone does nothing; write var $name {{ value = {shorten(token.value)} ... }}"
        return Found("XS136", f"a statement begins with its name, not with `{token.value}`", hint, token)
    values = ("STRING", "NUMBER", "LSQB", "LBRACE", "LPAR", "TEXT_BLOCK", "HEAD_NAME")
    if token is None or not begins or token.type not in values or token.value == HOLE:
        return None
    if place.bracket not in ("BODY_OPEN", ""):
        return None
    shown = shorten(spelling(place.source, token))
    hint = "a value alone does nothing; write var $name { value = ... } or return { value = ... }"
    return Found("XS136", f"a statement begins with its name, not with `{shown}`", hint, token)


@recogniser
def chained_comparison(place: Place) -> Found | None:
    """`1 < $x < 10`."""
    if place.kind() == "COMPARE" and any(token.type == "COMPARE" for token in place.head()):
        hint = "join two comparisons with &&: $x > 1 && $x < 10"
        return Found("XS137", "comparisons do not chain", hint, place.at())
    return None
