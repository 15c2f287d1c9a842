"""The text filters. The larger groups have modules of their own, imported here so that the registry finds them:
escapes, HTML tags, formatting, regular expressions, character sets, URLs.

Positions and lengths count characters, not bytes (evidence: belief for strlen, substr). Texts are converted as
arguments are: null is "", a list or object is refused.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator

from xsrun.filters import character_sets, escapes, formatting, html_tags, regular_expressions, urls  # noqa: F401
from xsrun.hints import TYPE_CHECKING
from xsrun.lazy_regex import pattern
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.values.characters import characters, fold, value_of
from xsrun.values.comparison import loose_equal
from xsrun.values.conversion import Value, as_text

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.inlining import FilterUse

#: What PHP's trim takes off.
_BLANKS = " \n\r\t\v\0"
#: What starts a word in PHP's ucwords.
_WORD_START = pattern(r"(?<![^ \t\r\n\f\v])[^ \t\r\n\f\v]")
_BLANK = pattern(r"[ \t\r\n\f\v]")
#: Characters of a text that are changed at a time: each word of them is an object until they are joined.
_PIECE = 50_000


# Case ----------------------------------------------------------------------------------------------------------------


@filter("to_lower", elementwise=True, result="new text")
def to_lower(value: str) -> Value:
    """A text in lower case.

    >>> "Epic Battle"|to_lower
    "epic battle"
    """
    return value_of(characters(value).lower())


@filter("to_upper", elementwise=True, result="new text")
def to_upper(value: str) -> Value:
    """A text in upper case.

    >>> "Epic Battle"|to_upper
    "EPIC BATTLE"
    """
    return value_of(characters(value).upper())


@filter("capitalize", elementwise=True, result="new text")
def capitalize(value: str) -> Value:
    """A text with every word's first letter in upper case and the others in lower case. Blanks separate words.

    >>> "the QUICK brown-fox"|capitalize
    "The Quick Brown-fox"
    """
    text = characters(value).lower()
    return value_of("".join(_WORD_START.sub(lambda found: found.group().upper(), piece) for piece in _pieces(text)))


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces of many words, each of which ends behind a blank."""
    start = 0
    while start + _PIECE < len(text):
        blank = _BLANK.search(text, start + _PIECE)
        if blank is None:
            break
        yield text[start : blank.end()]
        start = blank.end()
    yield text[start:]


# Ends ----------------------------------------------------------------------------------------------------------------


#: The last character there is.
_LAST = chr(sys.maxunicode)
#: Characters of a mask that is searched for each character of a text; a longer one is read once.
_SHORT_MASK = 64


def _stripped(text: str, mask: str | None, *, start: bool = True, end: bool = True) -> Value:
    """A text without the characters of a mask at its ends. `a..z` in the mask is a range; a blank mask, as editors
    export it, is the default one.

    It takes time for the text and for the mask, but not for each character of the one all of the other: a mask may have
    thousands of ranges, and a range the whole of Unicode.
    """
    text, mask = characters(text), characters(mask) if mask else _BLANKS
    if ".." not in mask and len(mask) <= _SHORT_MASK:
        return value_of(text.strip(mask) if start and end else text.lstrip(mask) if start else text.rstrip(mask))
    members, ranges = _mask(mask)
    first, last = 0, len(text)

    def is_cut(char: str) -> bool:
        place = bisect_right(ranges, (char, _LAST)) - 1
        return char in members or (place >= 0 and char <= ranges[place][1])

    while start and first < last and is_cut(text[first]):
        first += 1
    while end and first < last and is_cut(text[last - 1]):
        last -= 1
    return value_of(text[first:last])


def _mask(text: str) -> tuple[set[str], list[tuple[str, str]]]:
    """The characters of a mask that stand alone, and its ranges, in order and apart from each other."""
    members: set[str] = set()
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        char = text[position]
        if text[position + 1 : position + 3] == ".." and text[position + 3 : position + 4] >= char:
            found.append((char, text[position + 3]))
            position += 4
        else:
            if not text.startswith("..", position):  # of a broken range PHP keeps one dot
                members.add(char)
            position += 1
    ranges: list[tuple[str, str]] = []
    for low, high in sorted(found):
        if ranges and low <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(high, ranges[-1][1]))
        else:
            ranges.append((low, high))
    return members, ranges


@filter("trim", elementwise=True, result="new text")
def trim(value: str, mask: str | None = None) -> Value:
    """A text without blanks, or the characters of the mask, at both ends. `a..f` in the mask is a range.

    >>> "  Epic Battle  "|trim
    "Epic Battle"
    >>> "/path/to/file/"|trim:"/"
    "path/to/file"
    """
    return _stripped(value, mask)


@filter("ltrim", elementwise=True, result="new text")
def ltrim(value: str, mask: str | None = None) -> Value:
    """A text without blanks, or the characters of the mask, at its start.

    >>> "000123"|ltrim:"0"
    "123"
    """
    return _stripped(value, mask, end=False)


@filter("rtrim", elementwise=True, result="new text")
def rtrim(value: str, mask: str | None = None) -> Value:
    """A text without blanks, or the characters of the mask, at its end.

    >>> "1.500"|rtrim:"0"
    "1.5"
    """
    return _stripped(value, mask, start=False)


# Parts ---------------------------------------------------------------------------------------------------------------


def _substr_in_line(use: FilterUse) -> ast.expr | None:
    """Part of a text; one that is not all ASCII may hold stray bytes, which the filter looks for."""
    part = use.part()
    if part is None:
        return None
    return use.made("R", use.test(0, "text"), *part[1], f"(R := {part[0]}).isascii()", parts={"R": use.temporary()})


@filter("substr", result="new text", inline=_substr_in_line)
def substr(value: str, start: int, length: int | None = None) -> Value:
    """Part of a text: from a start (negative: from the end) a number of characters (negative: all but so many).

    >>> "hello"|substr:1:3
    "ell"
    >>> "hello"|substr:-3:2
    "ll"
    >>> "hello"|substr:1:-1
    "ell"
    """
    text = characters(value)
    begin = max(len(text) + start, 0) if start < 0 else start
    if length is None:
        return value_of(text[begin:])
    return value_of(text[begin : begin + length if length >= 0 else max(len(text) + length, begin)])


@filter("split", result="texts")
def split(value: str, separator: str) -> list[Value]:
    """The parts of a text between separators. A blank separator gives the single characters.

    >>> "a,b,,c"|split:","
    ["a", "b", "", "c"]
    >>> "abc"|split:""
    ["a", "b", "c"]
    """
    text, mark = characters(value), characters(separator)
    parts = text.split(mark) if mark else list(text)
    return parts if text.isascii() else [value_of(part) for part in parts]


@filter("strlen", elementwise=True, result="size", inline=lambda use: use.made("len(A)", use.test(0, "text")))
def strlen(value: str) -> int:
    """The number of characters of a text.

    >>> "Zoë"|strlen
    3
    """
    return len(characters(value))


# Searching -----------------------------------------------------------------------------------------------------------


@filter("index")
def index(value: str, search: str) -> int | bool:
    """The position of a text in another, counted from 0; false when it is not there.

    >>> "Epic Battle"|index:"Battle"
    5
    >>> "Epic Battle"|index:"battle"
    false
    """
    position = characters(value).find(characters(search))
    return position if position >= 0 else False


@filter("iindex")
def iindex(value: str, search: str) -> int | bool:
    """The position of a text in another whatever the case; false when it is not there.

    >>> "Epic Battle"|iindex:"battle"
    5
    """
    position = fold(characters(value)).find(fold(characters(search)))
    return position if position >= 0 else False


@filter("starts_with")
def starts_with(value: str, search: str) -> bool:
    """Whether a text begins with another.

    >>> "Epic Battle"|starts_with:"Epic"
    true
    """
    return characters(value).startswith(characters(search))


@filter("istarts_with")
def istarts_with(value: str, search: str) -> bool:
    """Whether a text begins with another, whatever the case.

    >>> "Epic Battle"|istarts_with:"epic"
    true
    """
    return fold(characters(value)).startswith(fold(characters(search)))


@filter("ends_with")
def ends_with(value: str, search: str) -> bool:
    """Whether a text ends with another.

    >>> "photo.jpg"|ends_with:".jpg"
    true
    """
    return characters(value).endswith(characters(search))


@filter("iends_with")
def iends_with(value: str, search: str) -> bool:
    """Whether a text ends with another, whatever the case.

    >>> "photo.JPG"|iends_with:".jpg"
    true
    """
    return fold(characters(value)).endswith(fold(characters(search)))


@filter("contains")
def contains(value: Value, search: Value) -> bool:
    """Whether a text holds another. On a list: whether a member equals the value (semantics 10, row 39).

    >>> "Epic Battle"|contains:"Battle"
    true
    >>> [1,2,3]|contains:2
    true
    """
    if value.__class__ is list or value.__class__ is dict:
        return any(loose_equal(item, search) for item in (value.values() if value.__class__ is dict else value))
    return characters(as_text(search)) in characters(as_text(value))


@filter("icontains")
def icontains(value: str, search: str) -> bool:
    """Whether a text holds another, whatever the case.

    >>> "Epic Battle"|icontains:"battle"
    true
    """
    return fold(characters(search)) in fold(characters(value))


# Joining -------------------------------------------------------------------------------------------------------------


@filter("concat", takes_surplus=True, result="new text")
def concat(context: Context, text: str, value: str, separator: str = "") -> Value:
    """Two values as one text, with a separator between them. The second argument is the separator, not a third text.

    >>> "Hello"|concat:"World":", "
    "Hello, World"
    >>> "n"|concat:5
    "n5"
    """
    if text.__class__ is value.__class__ is separator.__class__ is str:
        context.check_size(len(text) + len(separator) + len(value))
        return value_of(text + separator + value)
    parts = (characters(text), characters(separator), characters(value))
    context.check_size(sum(map(len, parts)))
    return value_of("".join(parts))


@filter("replace", result="new text")
def replace(context: Context, value: str, search: str, replacement: str) -> Value:
    """A text with every occurrence of another replaced. The search is taken literally; a blank one finds nothing.

    >>> "Hella World"|replace:"o":"a"
    "Hella Warld"
    """
    text, wanted, new = characters(value), characters(search), characters(replacement)
    if not wanted:
        return value_of(text)
    if len(new) > len(wanted):
        context.check_size(len(text) + text.count(wanted) * (len(new) - len(wanted)))
    return value_of(text.replace(wanted, new))
