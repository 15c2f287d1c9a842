"""Where a text stops being XanoScript: what is wrong, in words, and what to write instead.

Here are brackets, quotes and characters, and the words for a token that fits nowhere; the mistakes that people and
models make most are recognised in `recognisers` and have messages of their own (language 7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.record import UNREAD, Fix
from xsrun.language.token_classes import CLOSERS, ITEM_ENDS, OPENERS, PARTNERS, VALUE_STARTS
from xsrun.lazy_regex import pattern
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

if TYPE_CHECKING:
    from xsrun.syntax.nodes import Located

TYPOGRAPHIC = "“”„‟‘’‚‛«»"


def problem(
    source: Source,
    code: str,
    message: str,
    hint: str | None,
    start: tuple[int, int],
    end: tuple[int, int] | None = None,
    fix: list[Fix] | None = None,
) -> Diagnostic:
    """An error at a line and column, both from 1."""
    stop = end or (start[0], start[1] + 1)
    return Diagnostic("error", code, message, hint, source.filename, *start, *stop, fix=fix)


def _at(
    source: Source,
    code: str,
    message: str,
    hint: str | None,
    offset: int,
    length: int = 1,
    fix: list[Fix] | None = None,
) -> LexicalError:
    line, column = source.position(offset)
    return LexicalError(problem(source, code, message, hint, (line, column), (line, column + length), fix))


def _at_token(
    source: Source, code: str, message: str, hint: str | None, token: Located, fix: list[Fix] | None = None
) -> LexicalError:
    start, end = (token.line, token.column), (token.end_line, token.end_column)
    return LexicalError(problem(source, code, message, hint, start, end, fix))


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
    line = source.line(opener.line)
    before = line[: opener.column - 1].strip()
    doubled = before.endswith("{") or line[opener.column :].lstrip().startswith("{")
    if doubled and opener.value == "{" and before.rstrip("{ "):
        message = f"one `{{` too many follows `{shorten(before.rstrip('{ '))}` on line {opener.line}"
        return message, "delete it: one brace opens a block"
    name = f" of `{before} {opener.value}`" if before and opener.value == "{" else ""
    partner = PARTNERS[opener.value]
    message = f"`{opener.value}`{name} on line {opener.line} is never closed"
    comment = line.find("//", opener.column)
    if comment >= 0 and partner in line[comment:] and line[comment - 1 : comment] != ":":
        return message, f"`//` begins a comment, which hides `{partner}`; to divide whole numbers write ($a / $b)|floor"
    return message, f"add the missing `{partner}`" + (", on a line of its own" if name else "")


def nested_too_deeply(source: Source, opener: Token, most: int) -> LexicalError:
    message = f"this is nested too deeply: more than {most} brackets stand inside one another"
    return _at_token(source, "XS138", message, "put parts into variables, or into functions of their own", opener)


def mispaired(source: Source, items: list[Token]) -> Token | None:
    """The innermost brace whose partner stands at another indentation than the line that opened it."""
    stack: list[Token] = []
    for token in items:
        if token.type in OPENERS:
            stack.append(token)
        elif token.type in CLOSERS and stack:
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
        if token.type in OPENERS:
            stack.append(token)
        elif token.type in CLOSERS and stack:
            opener = stack.pop()
            if token.type == "RBRACE" and token.line != opener.line:
                closing = source.line(token.line)
                own_line = not closing[: token.column - 1].strip()
                if own_line and indentation(closing) > indentation(source.line(opener.line)):
                    return token
    return None


def lacks_opener(source: Source, closing: Token) -> int | None:
    """The line that should have opened the block which a brace closes: above it, indented like it, without a `{`."""
    wanted = indentation(source.line(closing.line))
    for number in range(closing.line - 1, 0, -1):
        line = source.line(number)
        if not line.strip() or line.lstrip().startswith("//"):
            continue
        if indentation(line) == wanted and not line.rstrip().endswith(("{", "}", "[", "(", "]", ")", ",")):
            return number
        if indentation(line) == wanted and line.rstrip().endswith(")") and line.lstrip().startswith(_BLOCKS):
            return number
        if indentation(line) <= wanted:
            return None
    return None


_BLOCKS = ("if", "elseif", "while", "for", "foreach", "switch", "case", "precondition", "expect.", "array.")


def missing_opener(source: Source, number: int, closing: Token) -> Diagnostic:
    """The report of a line that lacks its `{`."""
    line = source.line(number).rstrip()
    end = (number, len(line) + 1)
    message = f"`{{` is missing after `{shorten(line.strip())}`: its block ends on line {closing.line}"
    offset = source.offset(*end)
    return problem(source, "XS101", message, "end the line with {", end, None, [(offset, offset, " {")])


def closes_nothing(source: Source, closing: Token) -> Diagnostic:
    """The report of a closing brace too many."""
    return _at_token(source, "XS102", "`}` closes nothing", "delete it", closing).diagnostic


def indentation(line: str) -> int:
    """How far a line stands in, a tab counted as two blanks."""
    return len(line.expandtabs(2)) - len(line.expandtabs(2).lstrip())


# Quotes and characters -----------------------------------------------------------------------------------------------


def unclosed_quote(source: Source, position: int, delimiter: str) -> LexicalError:
    """A quote without partner: mostly its end is missing, after a letter its beginning."""
    before = _line_until(source, position)
    if len(delimiter) == 1 and before[-1:].isalnum():
        match = re.fullmatch(r"(\s*\w+\s*=\s*)\w[^\"'`{(\[|]*", before)
        start = position - len(before) + match.end(1) if match else 0
        fix = [(start, start, delimiter)] if match else None
        message = f"a text ends here that has no opening {delimiter}"
        return _at(source, "XS103", message, f"add the opening {delimiter}", position, 1, fix)
    if delimiter == "`":
        hint = "add the closing backtick"
    elif len(delimiter) == 3:
        hint = f"end the block with {delimiter} on a line of its own"
    else:
        hint = f'add the closing {delimiter}, or use """ on lines of their own for text with line breaks'
    rest = source.text[position + 1 :].partition("\n")[0].rstrip()
    alone = delimiter in ("'", '"') and re.fullmatch(r"\s*\w+\s*=\s*", before)
    end = position + 1 + len(rest)
    fix = [(end, end, delimiter)] if alone and rest and not rest.endswith("\\") else None
    what = "text block" if len(delimiter) == 3 else "expression" if delimiter == "`" else "text"
    return _at(source, "XS103", f"the {what} that begins here is not closed", hint, position, len(delimiter), fix)


def _line_until(source: Source, position: int) -> str:
    """The text of a line up to an offset."""
    return source.text[source.text.rfind("\n", 0, position) + 1 : position]


def text_block_on_one_line(source: Source, position: int) -> LexicalError:
    delimiter = source.text[position : position + 3]
    inner, closed, _ = source.text[position + 3 :].partition("\n")[0].partition(delimiter)
    plain = closed and delimiter != "```" and not set(inner) & {'"', "\\"}
    fix = [(position, position + 6 + len(inner), f'"{inner}"')] if plain else None
    message = f"text after the opening {delimiter} must start on the next line"
    hint = f'write "..." for text on one line, or break the line after {delimiter}'
    return _at(source, "XS104", message, hint, position, 3, fix)


def no_token(source: Source, position: int) -> LexicalError:
    """A character that no token begins with."""
    text = source.text
    character, two = text[position], text[position : position + 2]
    if character in "\"'`":
        return unclosed_quote(source, position, character)
    if character in TYPOGRAPHIC:
        straight = [(position, position + 1, '"')]
        stop = text.find("\n", position)
        line = text[position + 1 : stop if stop >= 0 else len(text)]
        closing = next((index for index, other in enumerate(line) if other in TYPOGRAPHIC), None)
        if closing is not None and '"' not in line[:closing]:
            straight.append((position + 1 + closing, position + 2 + closing, '"'))
        hint = 'use straight quotes: "..."'
        return _at(source, "XS105", f"`{character}` is not a quote of the language", hint, position, 1, straight)
    if two == "/*":
        hint = "begin each line of the comment with //"
        line, _, _ = text[position + 2 :].partition("\n")
        inner, closed, rest = line.partition("*/")
        fix = [(position, position + 4 + len(inner), f"// {inner.strip()}")] if closed and not rest.strip() else None
        return _at(source, "XS106", "there are no block comments", hint, position, 2, fix)
    if two == "{%" or text[position - 1 : position + 1] == "{%":
        return _at(source, "XS125", *TEMPLATE, position, 2)
    if character == "." and position and (text[position - 1].isalnum() or text[position - 1] in ")]"):
        return _at(source, "XS109", "a name is missing after `.`", "write $x.name", position)
    for beginning, message, hint in _FOREIGN:
        if text.startswith(beginning, position):
            length = len(beginning)
            return _at(source, "XS107", message, hint, position, length, _repair(text, position, beginning))
    number = _NUMBER.match(text, position)
    if number is not None:
        return _not_a_number(source, number.group(), position)
    return _at(source, "XS108", f"`{character}` has no meaning here", None, position)


#: What other languages take for a number.
_NUMBER = pattern(r"\d\w*")


def _not_a_number(source: Source, text: str, position: int) -> LexicalError:
    """`0x10`, `1_000`, `2nd`."""
    plain = text.replace("_", "")
    value: int | None = None
    with suppress(ValueError):
        value = int(plain, 0) if plain[:2].lower() in ("0x", "0b", "0o") else int(plain)
    hint = "a name begins with a letter; a text stands in quotes" if value is None else f"write {value}"
    fix = [(position, position + len(text), str(value))] if value is not None else None
    return _at(source, "XS108", f"`{text}` is no number of the language", hint, position, len(text), fix)


def _repair(text: str, position: int, sign: str) -> list[Fix] | None:
    """The edit for a foreign sign whose meaning is plain."""
    following = text[position + len(sign) :].partition("\n")[0].strip()
    if sign == "#":
        return [(position, position + 1, "//")]
    if sign == ";" and (not following or following.startswith(("//", "}"))):
        return [(position, position + 1, "")]
    return None


#: The message and hint for template code among the program.
TEMPLATE = (
    "template code stands among the program",
    "render the template first; only texts may hold {{ ... }} and {% ... %}",
)

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


_LONE_RETURN = pattern(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|```[\s\S]*?```|\r(?!\n)")


def lone_returns(source: Source) -> Diagnostic | None:
    """Lines that end in a carriage return alone, which ends none here: the rest of a comment would hide the program."""
    found = [match.start() for match in _LONE_RETURN.finditer(source.text) if match.group() == "\r"]
    if not found:
        return None
    place = source.position(found[0])
    fix = [(offset, offset + 1, "\n") for offset in found]
    hint = "save the file with the line ends of Unix or Windows"
    return problem(source, "XS139", "a carriage return alone does not end a line", hint, place, None, fix)


_BYTE = pattern(r"[\udc80-\udcff]")


def unreadable(source: Source) -> Diagnostic | None:
    """A file that is not there, is closed to us, or is not UTF-8 text (see `workspace.loader.read_source`)."""
    if source.text.startswith(UNREAD):
        reason = source.text.removeprefix(UNREAD)
        return problem(source, "XS140", f"the file cannot be read: {reason}", None, (1, 1))
    if source.text.isascii() or (met := _BYTE.search(source.text)) is None:
        return None
    byte = ord(met.group()) - 0xDC00
    message = f"the file is not UTF-8 text: the byte 0x{byte:02X} does not fit here"
    return problem(source, "XS140", message, "save it as UTF-8", source.position(met.start()))


# Tokens in the wrong place -------------------------------------------------------------------------------------------


def unexpected(source: Source, items: list[Token], index: int, expected: Iterable[str]) -> Diagnostic:
    """The parser met a token that fits nowhere. `index` is its place, `len(items)` the end of the text."""
    from xsrun.syntax import recognisers

    found = recognisers.recognise(source, items, index)
    if found is not None:
        return _at_token(source, found.code, found.message, found.hint, found.token, found.fix).diagnostic
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
    return _at_token(source, "XS199", message, None, token).diagnostic


def line_break(source: Source, token: Token) -> list[Fix]:
    """The edit that puts a token on a line of its own, indented like the line it stands on."""
    line = source.line(token.line)
    margin = line[: len(line) - len(line.lstrip())]
    start = token.start_pos
    while source.text[start - 1 : start] in (" ", "\t", ","):
        start -= 1
    return [(start, token.start_pos, "\n" + margin)]


def spelling(source: Source, token: Token) -> str:
    """A token as it is written; what the text does not hold, by its value."""
    return source.text[token.start_pos : token.end_pos] or token.value


def shorten(text: str) -> str:
    """The first line of a text, cut to what a message can hold."""
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


def _wanted(expected: Iterable[str]) -> str:
    """What would fit, in words, the likeliest first."""
    names = set(expected)
    if names >= VALUE_STARTS:
        return "a value"
    words = list(dict.fromkeys(_WORDS_FOR[name] for name in _WORDS_FOR if name in names))
    if not words:
        return "something else"
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
