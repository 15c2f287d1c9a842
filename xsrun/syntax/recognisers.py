"""The mistakes that people and models make most, each with words of its own (language 7).

A recogniser looks at the token that fits nowhere and its neighbours, and tells what was meant. They are tried in the
order of this file, the particular before the general. A `fix` is given only where no other meaning is likely.
"""

from __future__ import annotations

import re

from xsrun.language.constructs import VERBS
from xsrun.language.token_classes import CONDITION_WORDS
from xsrun.lazy_regex import pattern
from xsrun.syntax.misfit import Found, Misfit, Recognisers
from xsrun.syntax.problems import TEMPLATE, shorten, spelling
from xsrun.syntax.tokens import Token

#: `$item in $list`, the head of a loop in other languages, and what a loop of this one begins with.
_WALK = pattern(r"(\$?\w+)\s+(?:in|of)\s+(\S.*)")
_EACH = pattern(r"\s*\{\s*each\s+as\s+(\$?\w+)")
#: A statement with its name: `function.run "math/add"`.
_STATEMENT = pattern(r"[ \t]*([a-z]\w*(?:\.\w+)+(?:[ \t]+(?:\"[^\"\n]*\"|\w+))?)[ \t]*\{")
_WORDS = {"and": "&&", "or": "||", "not": "!", "xor": "!=", "is": "==", "equals": "=="}


RECOGNISERS = Recognisers()


# Foreign text --------------------------------------------------------------------------------------------------------


@RECOGNISERS.add
def template(place: Misfit) -> Found | None:
    """Twig code outside of texts."""
    token = place.token()
    if token is not None and place.source.text[token.start_pos : token.start_pos + 2] in ("{%", "{{"):
        return Found("XS125", *TEMPLATE, token)
    return None


@RECOGNISERS.add
def word_instead_of_operator(place: Misfit) -> Found | None:
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


@RECOGNISERS.add
def quoted_verb(place: Misfit) -> Found | None:
    """`verb="GET"`."""
    token = place.token()
    if token is None or place.kind(-1) != "VERB":
        return None
    verb = place.source.text[token.start_pos : token.end_pos].strip("\"'")
    if verb.upper() not in VERBS:
        return None
    fix = [(token.start_pos, token.end_pos, verb.upper())]
    return Found("XS143", "a verb has no quotation marks", f"write verb={verb.upper()}", token, fix)


@RECOGNISERS.add
def arrow_function(place: Misfit) -> Found | None:
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


@RECOGNISERS.add
def operators_of_other_languages(place: Misfit) -> Found | None:
    signs: tuple[tuple[str, str, str | None], ...] = (
        ("<>", "write != for not equal", "!="),
        ("**", "write |pow:x", None),
        ("=~", "use |regex_matches", None),
        ("~*", 'for texts in any case write ilike, as in $db.pet.name ilike "%a%"', None),
    )
    for offset in (-1, 0):
        token = place.token(offset)
        for sign, hint, new in signs:
            if token is not None and place.source.text.startswith(sign, token.start_pos):
                fix = [(token.start_pos, token.start_pos + 2, new)] if new else None
                return Found("XS116", f"`{sign}` is not an operator", hint, token, fix)
    return None


@RECOGNISERS.add
def assignment_operator(place: Misfit) -> Found | None:
    """`$n += 1`, `$n++`."""
    head = place.head()
    if not head or head[0].type != "NAME" or not head[0].value.startswith("$"):
        return None
    name, sign = head[0].value, place.value()
    verbs = {"+": "math.add", "-": "math.sub", "*": "math.mul", "/": "math.div", "%": "math.mod", "~": "text.append"}
    if sign in ("++", "--") or (sign == "-" and place.value(1) == "-"):
        verb = "math.add" if sign == "++" else "math.sub"
        return Found("XS126", f"`{sign}` does not change a variable", f"write {verb} {name} {{ value = 1 }}", head[0])
    if sign in verbs and place.kind(1) == "ASSIGN":
        hint = f"write {verbs[sign]} {name} {{ value = ... }}"
        return Found("XS126", f"`{sign}=` is not an operator", hint, place.at())
    return None


# Heads of statements -------------------------------------------------------------------------------------------------


@RECOGNISERS.add
def else_if(place: Misfit) -> Found | None:
    if place.kind(-1) == "NAME" and place.value(-1) == "else" and place.kind() in ("IF", "HEAD_NAME"):
        first, second = place.at(-1), place.at()
        fix = [(first.start_pos, second.end_pos, "elseif")] if second.value == "if" else None
        return Found("XS111", "`else if` is one word here", "write elseif (...) {", first, fix)
    return None


@RECOGNISERS.add
def missing_dollar(place: Misfit) -> Found | None:
    """`as id`, `each as item`."""
    if place.kind(-1) == "AS" and place.kind() == "HEAD_NAME":
        token = place.at()
        name = token.value
        message = f"the name of a result begins with a dollar sign: `{name}`"
        return Found("XS113", message, f"write as ${name}", token, [(token.start_pos, token.start_pos, "$")])
    return None


@RECOGNISERS.add
def loop_with_as(place: Misfit) -> Found | None:
    """`foreach ($list as $item) {`, as in PHP: the variable stands at the `each` inside."""
    if place.value() != "as" or place.bracket != "LPAR":
        return None
    opener = place.opener or 0
    word = place.items[opener - 1].value if opener else ""
    if word not in ("for", "foreach"):
        return None
    subject = place.source.text[place.items[opener].end_pos : place.at().start_pos].strip()
    name = "$" + (place.value(1).lstrip("$") or "item")
    hint = f"write {word} ({shorten(subject)}) {{ each as {name} {{ ... }} }}"
    return Found("XS127", f"the variable of a loop is named at its `each`: {name}", hint, place.at())


@RECOGNISERS.add
def assigned_statement(place: Misfit) -> Found | None:
    """`$x = function.run "y" {`: the result of a statement is named after it."""
    head = place.head()
    if len(head) < 3 or head[0].type != "NAME" or head[1].type != "ASSIGN" or not head[0].value.startswith("$"):
        return None
    written = _STATEMENT.match(place.source.text, head[1].end_pos)
    if written is None:
        return None
    hint = f"write {shorten(written[1])} {{ ... }} as {head[0].value}"
    return Found("XS129", "the result of a statement is named at its end", hint, head[0])


@RECOGNISERS.add
def unparenthesised_condition(place: Misfit) -> Found | None:
    """`if $a == 1 {`, `while $n < 10 {`, `foreach $list as $item {`."""
    head = place.head()
    if len(head) < 2 or head[0].type != "NAME" or head[0].value not in CONDITION_WORDS:
        return None
    if head[1].type in ("LPAR", "BODY_OPEN"):
        return None
    if place.kind() in ("AS", "HEAD_NAME", "_NEWLINE"):
        return None
    word, start = head[0].value, head[1].start_pos
    shown = _condition(place.source.text[start:].partition("\n")[0])
    message = f"the condition of `{word}` must be in parentheses"
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


def _walk_over(
    place: Misfit, walked: re.Match[str], start: int
) -> tuple[str, Token, list[tuple[int, int, str]] | None]:
    """`for $i in 0..5`, as in other languages: a foreach, whose `each` names the variable."""
    name, subject = "$" + walked[1].lstrip("$"), walked[2]
    hint = f"write foreach ({shorten(subject)}) {{ each as {name} {{ ... }} }}"
    end = start + walked.end()
    inside = _EACH.match(place.source.text, end)
    head = place.head()[0]
    named = inside is not None and inside[1] == name
    return hint, place.at(), [(head.start_pos, end, f"foreach ({subject})")] if named else None


@RECOGNISERS.add
def unparenthesised_return(place: Misfit) -> Found | None:
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
    return Found("XS128", f"the value of `{head[0].value}` must be in braces", hint, place.at(), fix)


@RECOGNISERS.add
def inline_assignment(place: Misfit) -> Found | None:
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


@RECOGNISERS.add
def doubled_quote(place: Misfit) -> Found | None:
    """`'it''s'`: a quote inside a text is not doubled."""
    if place.kind() != "STRING":  # the second text was taken for the name of an attribute
        place = Misfit(place.source, place.items, place.index - 1)
    before, token = place.token(-1), place.token()
    if before is None or token is None or before.type != "STRING" or token.type != "STRING":
        return None
    quote = place.source.text[token.start_pos]
    if before.end_pos != token.start_pos or quote != place.source.text[before.start_pos]:
        return None
    other = '"' if quote == "'" else "'"
    message = f"a doubled {quote} does not stand for one inside a text: the text ends there"
    return Found("XS119", message, f"write \\{quote}, or quote the text with {other}", token)


@RECOGNISERS.add
def second_name(place: Misfit) -> Found | None:
    """`function "a" "b" {`."""
    if place.bracket == "" and place.kind() in ("STRING", "HEAD_NAME") and place.kind(-1) in ("STRING", "HEAD_NAME"):
        name = spelling(place.source, place.at())
        return Found(
            "XS131", f"only one name is allowed; {name} is a second one", "delete it, or use one path", place.at()
        )
    return None


@RECOGNISERS.add
def call_with_parentheses(place: Misfit) -> Found | None:
    """`debug.log("a", 1)`: a statement written as a call."""
    opener = place.opener
    if place.kind() != "COMMA" or place.bracket != "LPAR" or not opener:
        return None
    name = place.items[opener - 1]
    if name.type != "NAME" or "." not in name.value:
        return None
    hint = f"write {name.value} {{ name = value }}, one attribute a line"
    return Found("XS132", f"the statement `{name.value}` takes attributes in braces, not arguments", hint, name)
