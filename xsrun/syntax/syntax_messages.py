"""Brackets, quotes and characters that cannot be read: what is wrong, in words, and what to write instead.

What is said of a token that fits nowhere is in `unexpected`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.record import UNREAD, Fix
from xsrun.language.token_classes import CLOSERS, CONDITION_WORDS, OPENERS, PARTNERS
from xsrun.lazy_regex import pattern
from xsrun.syntax.problems import TEMPLATE, at, at_token, problem, shorten
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

TYPOGRAPHIC = "“”„‟‘’‚‛«»"


# Brackets ------------------------------------------------------------------------------------------------------------


def unclosed(source: Source, openers: list[Token], items: list[Token]) -> LexicalError:
    """Brackets are left open at the end of the text. Indentation tells which of the braces lacks its partner."""
    opener = mispaired(source, items) or openers[-1]
    return at_token(source, "XS101", *_unclosed_words(source, opener), opener)


def unmatched(source: Source, openers: list[Token], items: list[Token], position: int) -> LexicalError:
    """A closing bracket that fits no opener, or not the innermost one."""
    character = source.text[position]
    if openers and (character == "}" or openers[-1].value != "{"):
        return at_token(source, "XS101", *_unclosed_words(source, openers[-1]), openers[-1])
    suspect = mispaired(source, items) if character == "}" else None
    if suspect is not None:
        hint = f"or the `{{` of line {suspect.line} has one `}}` too many inside"
    else:
        hint = "delete it, or add the opening bracket that it should close"
    return at(source, "XS102", f"`{character}` closes nothing", hint, position)


def _unclosed_words(source: Source, opener: Token) -> tuple[str, str]:
    line = source.line(opener.line)
    before = line[: opener.column - 1].strip()
    doubled = before.endswith("{") or line[opener.column :].lstrip().startswith("{")
    if doubled and opener.value == "{" and before.rstrip("{ "):
        message = f"there is one `{{` too many after `{shorten(before.rstrip('{ '))}` on line {opener.line}"
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
    return at_token(source, "XS138", message, "put parts into variables, or into functions of their own", opener)


def mispaired(source: Source, items: list[Token]) -> Token | None:
    """The innermost brace whose partner stands further left than the line that opened it."""
    return next((opener for opener, _, shift in _blocks(source, items) if shift < 0), None)


def too_early(source: Source, items: list[Token]) -> Token | None:
    """The first closing brace that stands further right than the line that opened what it closes."""
    return next((closing for _, closing, shift in _blocks(source, items) if shift > 0), None)


def _blocks(source: Source, items: list[Token]) -> Iterator[tuple[Token, Token, int]]:
    """The braces that are closed at the beginning of another line, and how far in that one stands beside theirs."""
    stack: list[Token] = []
    for token in items:
        if token.type in OPENERS:
            stack.append(token)
        elif token.type in CLOSERS and stack:
            opener = stack.pop()
            closing = source.line(token.line)
            if token.type == "RBRACE" and token.line != opener.line and not closing[: token.column - 1].strip():
                yield opener, token, indentation(closing) - indentation(source.line(opener.line))


def lacks_opener(source: Source, closing: Token) -> int | None:
    """The line that should have opened the block which a brace closes: above it, indented like it, without a `{`."""
    wanted = indentation(source.line(closing.line))
    for number in range(closing.line - 1, 0, -1):
        line = source.line(number)
        if not line.strip() or line.lstrip().startswith("//"):
            continue
        if indentation(line) == wanted and not line.rstrip().endswith(("{", "}", "[", "(", "]", ")", ",")):
            return number
        if indentation(line) == wanted and line.rstrip().endswith(")") and line.lstrip().startswith(_WITH_BLOCKS):
            return number
        if indentation(line) <= wanted:
            return None
    return None


_WITH_BLOCKS = (*CONDITION_WORDS, "expect.", "array.")


def missing_opener(source: Source, number: int, closing: Token) -> Diagnostic:
    """The report of a line that lacks its `{`."""
    line = source.line(number).rstrip()
    end = (number, len(line) + 1)
    message = f"`{{` is missing after `{shorten(line.strip())}`: its block ends on line {closing.line}"
    offset = source.offset(*end)
    return problem(source, "XS101", message, "end the line with {", end, None, [(offset, offset, " {")])


def closes_nothing(source: Source, closing: Token) -> Diagnostic:
    """The report of a closing brace too many."""
    return at_token(source, "XS102", "`}` closes nothing", "delete it", closing).diagnostic


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
        message = f"the text that ends here has no opening {delimiter}"
        return at(source, "XS103", message, f"add the opening {delimiter}", position, 1, fix)
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
    return at(source, "XS103", f"the {what} that begins here is not closed", hint, position, len(delimiter), fix)


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
    return at(source, "XS104", message, hint, position, 3, fix)


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
        return at(source, "XS105", f"`{character}` is not a quote of the language", hint, position, 1, straight)
    if two == "/*":
        hint = "begin each line of the comment with //"
        line, _, _ = text[position + 2 :].partition("\n")
        inner, closed, rest = line.partition("*/")
        fix = [(position, position + 4 + len(inner), f"// {inner.strip()}")] if closed and not rest.strip() else None
        return at(source, "XS106", "there are no block comments", hint, position, 2, fix)
    if two == "{%" or text[position - 1 : position + 1] == "{%":
        return at(source, "XS125", *TEMPLATE, position, 2)
    if character == "." and position and (text[position - 1].isalnum() or text[position - 1] in ")]"):
        return at(source, "XS109", "a name is missing after `.`", "write $x.name", position)
    for beginning, message, hint in _FOREIGN:
        if text.startswith(beginning, position):
            length = len(beginning)
            return at(source, "XS107", message, hint, position, length, _repair(text, position, beginning))
    number = _NUMBER.match(text, position)
    if number is not None:
        return _not_a_number(source, number.group(), position)
    return at(source, "XS108", f"`{character}` has no meaning here", None, position)


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
    return at(source, "XS108", f"`{text}` is not a number of the language", hint, position, len(text), fix)


def _repair(text: str, position: int, sign: str) -> list[Fix] | None:
    """The edit for a foreign sign whose meaning is plain."""
    following = text[position + len(sign) :].partition("\n")[0].strip()
    if sign == "#":
        return [(position, position + 1, "//")]
    if sign == ";" and (not following or following.startswith(("//", "}"))):
        return [(position, position + 1, "")]
    return None


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
