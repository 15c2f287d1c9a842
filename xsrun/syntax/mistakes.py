"""Where a text stops being XanoScript: what is wrong, in words, and what to write instead.

Each recogniser looks at the offending token and its neighbours. The mistakes that people and models make most have
messages of their own (language 7); the rest say what was found and what would fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from xsrun.diagnostics import Diagnostic
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

_OPENERS = frozenset({"BODY_OPEN", "FIELDS_OPEN", "LBRACE", "LPAR", "LSQB", "LINDEX"})
PARTNERS = {"(": ")", "[": "]", "{": "}"}
TYPOGRAPHIC = "“”„‟‘’‚‛«»"


def problem(
    source: Source,
    code: str,
    message: str,
    hint: str | None,
    start: tuple[int, int],
    end: tuple[int, int] | None = None,
) -> Diagnostic:
    """An error at a line and column, both from 1."""
    stop = end or (start[0], start[1] + 1)
    return Diagnostic("error", code, message, hint, source.filename, *start, *stop)


def _at(source: Source, code: str, message: str, hint: str | None, offset: int, length: int = 1) -> LexicalError:
    line, column = source.position(offset)
    return LexicalError(problem(source, code, message, hint, (line, column), (line, column + length)))


def _at_token(source: Source, code: str, message: str, hint: str | None, token: Any) -> LexicalError:
    start, end = (token.line, token.column), (token.end_line, token.end_column)
    return LexicalError(problem(source, code, message, hint, start, end))


# Brackets ------------------------------------------------------------------------------------------------------------


def unclosed(source: Source, openers: list[Token], items: list[Token]) -> LexicalError:
    """Brackets are left open at the end of the text. Indentation tells which of the braces lacks its partner."""
    opener = mispaired(source, items) or openers[-1]
    return _at_token(source, "XS101", *_unclosed_words(source, opener), opener)


def unmatched(source: Source, openers: list[Token], items: list[Token], position: int) -> LexicalError:
    """A closing bracket that fits no opener, or not the innermost one."""
    character = source.text[position]
    if openers and (character == "}" or openers[-1].value != "{"):
        return _at_token(source, "XS101", *_unclosed_words(source, openers[-1]), openers[-1])
    suspect = mispaired(source, items) if character == "}" else None
    if suspect is not None:
        hint = f"or the `{{` of line {suspect.line} has one `}}` too many inside"
    else:
        hint = "delete it, or add the opening bracket that it should close"
    return _at(source, "XS102", f"`{character}` closes nothing", hint, position)


def _unclosed_words(source: Source, opener: Token) -> tuple[str, str]:
    before = source.line(opener.line)[: opener.column - 1].strip()
    name = f" of `{before} {opener.value}`" if before and opener.value == "{" else ""
    partner = PARTNERS[opener.value]
    return (
        f"`{opener.value}`{name} on line {opener.line} is never closed",
        f"add the missing `{partner}`" + (" on a line of its own, indented like the opening line" if name else ""),
    )


def mispaired(source: Source, items: list[Token]) -> Token | None:
    """The innermost brace whose partner stands at another indentation than the line that opened it."""
    stack: list[Token] = []
    for token in items:
        if token.type in _OPENERS:
            stack.append(token)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and stack:
            opener = stack.pop()
            if token.type == "RBRACE" and token.line != opener.line:
                closing = source.line(token.line)
                if closing[: token.column - 1].strip() == "" and indentation(closing) < indentation(
                    source.line(opener.line)
                ):
                    return opener
    return None


def too_early(source: Source, items: list[Token]) -> Token | None:
    """The first closing brace that stands further right than the line that opened what it closes."""
    stack: list[Token] = []
    for token in items:
        if token.type in _OPENERS:
            stack.append(token)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and stack:
            opener = stack.pop()
            if token.type == "RBRACE" and token.line != opener.line:
                closing = source.line(token.line)
                own_line = not closing[: token.column - 1].strip()
                if own_line and indentation(closing) > indentation(source.line(opener.line)):
                    return token
    return None


def closes_too_early(source: Source, closing: Token) -> Diagnostic:
    """A brace too many, or one that lacks its opener: the line that should have opened it is the place to look at."""
    wanted = indentation(source.line(closing.line))
    for number in range(closing.line - 1, 0, -1):
        line = source.line(number)
        if not line.strip() or line.lstrip().startswith("//"):
            continue
        if indentation(line) < wanted:
            break
        if indentation(line) == wanted:
            if line.rstrip().endswith(("{", "}", "[", "(")):
                break
            column = len(line.rstrip()) + 1
            message = f"`{{` is missing after `{_shorten(line.strip())}`: its block ends on line {closing.line}"
            return problem(source, "XS101", message, "end the line with {", (number, column))
    return _at_token(source, "XS102", "`}` closes nothing", "delete it", closing).diagnostic


def indentation(line: str) -> int:
    """How far a line stands in, a tab counted as two blanks."""
    return len(line.expandtabs(2)) - len(line.expandtabs(2).lstrip())


# Quotes and characters -----------------------------------------------------------------------------------------------


def unclosed_quote(source: Source, position: int, delimiter: str) -> LexicalError:
    if delimiter == "`":
        hint = "add the closing backtick"
    elif len(delimiter) == 3:
        hint = f"end the block with {delimiter} on a line of its own"
    else:
        hint = f'add the closing {delimiter}, or use """ on lines of their own for text with line breaks'
    what = "text block" if len(delimiter) == 3 else "expression" if delimiter == "`" else "text"
    return _at(source, "XS103", f"the {what} that begins here is not closed", hint, position, len(delimiter))


def text_block_on_one_line(source: Source, position: int) -> LexicalError:
    delimiter = source.text[position : position + 3]
    return _at(
        source,
        "XS104",
        f"text after the opening {delimiter} must start on the next line",
        f'write "..." for text on one line, or break the line after {delimiter}',
        position,
        3,
    )


def no_token(source: Source, lexer: Any, position: int) -> LexicalError:
    """A character that no token begins with."""
    text = source.text
    character, two = text[position], text[position : position + 2]
    if character in "\"'`":
        return unclosed_quote(source, position, character)
    if character in TYPOGRAPHIC:
        return _at(
            source, "XS105", f"`{character}` is not a quote of the language", 'use straight quotes: "..."', position
        )
    if two == "/*":
        return _at(
            source, "XS106", "there are no block comments", "begin each line of the comment with //", position, 2
        )
    for beginning, message, hint in _FOREIGN:
        if text.startswith(beginning, position):
            return _at(source, "XS107", message, hint, position, len(beginning))
    return _at(source, "XS108", f"`{character}` has no meaning here", None, position)


_FOREIGN = (
    ("#", "`#` does not begin a comment", "comments begin with //"),
    (";", "there are no semicolons", "end the line instead"),
    ("&", "`&` is not an operator", "write && for a logical and, |bitwise_and:x for bits"),
    ("|", "a filter's name must follow `|`", "write || for a logical or, |bitwise_or:x for bits"),
    ("^", "`^` is not an operator", "write |pow:x for powers, |bitwise_xor:x for bits"),
    ("=>", "`=>` is not an operator", "expression filters take an expression over $$: |map:$$.price * 2"),
    ("/", "`/` needs a value on its left", "comments begin with //"),
    (".", "`.` must follow a variable or value, without a blank", "write $x.name"),
    ("@", "`@` is not an operator", "write @> to test that one JSON value contains another"),
)


# Tokens in the wrong place -------------------------------------------------------------------------------------------

Recogniser = Callable[[Source, list[Token], int], "tuple[str, str, str | None, Token] | None"]


def unexpected(source: Source, items: list[Token], index: int, expected: Iterable[str]) -> Diagnostic:
    """The parser met a token that fits nowhere. `index` is its place, `len(items)` the end of the text."""
    for recogniser in RECOGNISERS:
        found = recogniser(source, items, index)
        if found is not None:
            code, message, hint, token = found
            return _at_token(source, code, message, hint, token).diagnostic
    before = items[index - 1] if 0 < index <= len(items) else None
    if (
        before is not None
        and set(expected) >= _VALUE_STARTS
        and (index == len(items) or items[index].line > before.end_line or items[index].type in _CLOSERS)
    ):
        place = (before.end_line, before.end_column)
        message = f"a value is missing after `{_shorten(_spelling(source, before))}`"
        return problem(source, "XS109", message, None, place)
    if index >= len(items):
        last = items[-1] if items else None
        place = (last.end_line, last.end_column) if last else (1, 1)
        return problem(source, "XS199", f"the text ends where {_wanted(expected)} should follow", None, place)
    token = items[index]
    shown = "the end of the line" if token.type == "_NEWLINE" else f"`{_shorten(token.value)}`"
    message = f"{shown} does not fit here; {_wanted(expected)} would"
    return _at_token(source, "XS199", message, None, token).diagnostic


def _spelling(source: Source, token: Token) -> str:
    return source.text[token.start_pos : token.end_pos]


def _shorten(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 30 else line[:27] + "..."


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
_CLOSERS = ("_NEWLINE", "RBRACE", "RPAR", "RSQB", "COMMA")
_VALUE_STARTS = {"VARIABLE", "STRING", "NUMBER", "LSQB", "LPAR"}


def _wanted(expected: Iterable[str]) -> str:
    """What would fit, in words, the likeliest first."""
    names = set(expected)
    if names >= _VALUE_STARTS:
        return "a value"
    words = list(dict.fromkeys(_WORDS_FOR[name] for name in _WORDS_FOR if name in names))
    if not words:
        return "something else"
    return words[0] if len(words) == 1 else f"{', '.join(words[:3])}" if len(words) > 2 else " or ".join(words)


RECOGNISERS: list[Recogniser] = []


def recogniser(function: Recogniser) -> Recogniser:
    """Declare a recogniser; they are tried in the order of this file."""
    RECOGNISERS.append(function)
    return function


def _token(items: list[Token], index: int) -> tuple[str, str]:
    return (items[index].type, items[index].value) if 0 <= index < len(items) else ("", "")


@recogniser
def comma_ends_attribute(source: Source, items: list[Token], index: int) -> Any:
    """`value = 1,` at the end of a line, or a comma between the members of a body."""
    if _token(items, index)[0] == "_NEWLINE" and _token(items, index - 1)[0] == "COMMA":
        return (
            "XS110",
            "attributes are not separated by a comma at the end of the line",
            "delete the comma",
            items[index - 1],
        )
    return None


@recogniser
def else_if(source: Source, items: list[Token], index: int) -> Any:
    if _token(items, index - 1) == ("NAME", "else") and _token(items, index)[0] in ("IF", "HEAD_NAME"):
        return "XS111", "`else if` is one word here", "write elseif (...) {", items[index - 1]
    return None


@recogniser
def word_instead_of_operator(source: Source, items: list[Token], index: int) -> Any:
    """`not $x`, `$a and $b`."""
    for place in (index, index - 1):
        kind, value = _token(items, place)
        if kind in ("NAME", "HEAD_NAME") and value in ("and", "or", "not", "xor"):
            sign = {"and": "&&", "or": "||", "not": "!", "xor": "!="}[value]
            return "XS112", f"`{value}` is not an operator", f"write {sign}", items[place]
    return None


@recogniser
def missing_dollar(source: Source, items: list[Token], index: int) -> Any:
    """`as id`, `each as item`."""
    if _token(items, index - 1)[0] == "AS" and _token(items, index)[0] == "HEAD_NAME":
        name = items[index].value
        return "XS113", f"the name of a result begins with a dollar sign: `{name}`", f"write as ${name}", items[index]
    return None


@recogniser
def filter_argument_comma(source: Source, items: list[Token], index: int) -> Any:
    if _token(items, index)[0] == "LPAR" and _token(items, index - 1)[0] == "FILTER":
        name = items[index - 1].value
        return (
            "XS114",
            f"the arguments of a filter follow a colon: `{name}`",
            f"write |{name}:argument:argument",
            items[index],
        )
    return None


@recogniser
def arrow_function(source: Source, items: list[Token], index: int) -> Any:
    for place in range(max(0, index - 3), min(len(items), index + 2)):
        token = items[place]
        if source.text.startswith("=>", token.start_pos):
            return (
                "XS115",
                "expression filters take an expression, not an arrow function",
                "write the expression over $$ (or $this): |map:$$.price * 2",
                token,
            )
    return None


@recogniser
def operators_of_other_languages(source: Source, items: list[Token], index: int) -> Any:
    text = source.text
    for place in (index - 1, index):
        if not 0 <= place < len(items):
            continue
        token = items[place]
        for sign, hint in (("<>", "write != for not equal"), ("**", "write |pow:x"), ("=~", "use |regex_matches")):
            if text.startswith(sign, token.start_pos):
                return "XS116", f"`{sign}` is not an operator", hint, token
    return None


@recogniser
def operator_begins_line(source: Source, items: list[Token], index: int) -> Any:
    kind, value = _token(items, index)
    operators = ("PLUS", "MINUS", "TIMES", "CONCAT", "COMPARE", "NULLISH", "ELVIS", "QUESTION", "_COLON")
    if kind in operators and _token(items, index - 1)[0] == "_NEWLINE":
        return (
            "XS117",
            f"a value ends with its line; a line cannot begin with `{value}`",
            "put it on one line, or the whole value in parentheses; only a filter's | may begin a line",
            items[index],
        )
    return None


@recogniser
def two_statements_on_a_line(source: Source, items: list[Token], index: int) -> Any:
    if _token(items, index - 1)[0] == "RBRACE" and _token(items, index)[0] in ("NAME", "HEAD_NAME"):
        return "XS118", "each statement begins on a line of its own", "break the line before it", items[index]
    return None


@recogniser
def value_follows_value(source: Source, items: list[Token], index: int) -> Any:
    kind = _token(items, index)[0]
    before = _token(items, index - 1)[0]
    ends = ("STRING", "NUMBER", "VARIABLE", "MEMBER", "RPAR", "RSQB", "RBRACE", "NAME", "TRUE", "FALSE", "NULL")
    starts = ("STRING", "NUMBER", "VARIABLE", "LSQB", "LBRACE", "LPAR", "KEY")
    if kind in starts and before in ends and kind != "LPAR":
        return (
            "XS119",
            f"nothing joins `{_shorten(items[index].value)}` to what stands before it",
            "put an operator between two values (~ joins texts), a comma or a new line between items",
            items[index],
        )
    return None


@recogniser
def colon_instead_of_assign(source: Source, items: list[Token], index: int) -> Any:
    kind = _token(items, index)[0]
    before, name = _token(items, index - 1)
    if kind == "_COLON" and before in ("NAME", "FIELDS"):
        if name == "default":
            return "XS120", "`default` takes no colon", "write default {", items[index]
        return "XS120", f"attributes use `=`, not `:`: `{name}`", f"write {name} = ...", items[index]
    if (
        kind == "ASSIGN"
        and before in ("NAME", "STRING")
        and _token(items, index - 2)[0] in ("LBRACE", "COMMA", "_NEWLINE")
    ):
        return "XS121", f"the entries of an object use `:`, not `=`: `{name}`", f"write {name}: ...", items[index]
    return None
