"""Formatting: the same program laid out anew, in the style of Xano's own exports.

The rules were read off the exported files of public repositories, where they hold without exception:

* two blanks of indentation; every attribute, field and statement on a line of its own, blocks always broken;
* a blank line after whatever ends with a brace or bracket on a line of its own, before a block that follows attributes,
  and around a statement or field that has a comment; blank lines of the author are kept, at most one at a time;
* an object or list stays on one line while its JSON is shorter than 64 characters; else it takes one line an entry,
  without commas, the colons of an object aligned;
* a filtered value is broken before each filter when it has more than two or when they take more than 33 characters.

Names, quotes, texts and the order of members stay as written. Where exports never break a line but an author did, to
keep a long condition readable, the line stays broken. Blank lines inside nested blocks of exports carry blanks: they do
here when those of the text do. A text that ends without a newline, as exports end, still does.
"""

from __future__ import annotations

from xsrun.errors import InternalError, XanoScriptError, XanoScriptSyntaxError
from xsrun.language.token_classes import BODY, FIELDS, LIST, OBJECT, PAREN
from xsrun.syntax.brackets import Bracket, Brackets, Gap, Item, Part, first_token
from xsrun.syntax.nodes import Document
from xsrun.syntax.parser import parse
from xsrun.syntax.source import Source

#: An object or list whose JSON is shorter than this stays on one line.
_JSON_LIMIT = 64
#: Filters that take more than this many characters, or are more than this many, stand on lines of their own.
_FILTERS_LENGTH, _FILTERS_COUNT = 33, 2

_INDENT = 2
#: Attributes whose values are data. Elsewhere a value is an expression: a text in the JSON, so its quotes are escaped.
_QUERY_DATA = ("return", "output", "sort", "join", "eval", "addon")
_CONSTRUCT_DATA = ("index", "view", "items", "main", "env", "tags", "tools", "llm", "schedule", "history", "middleware")
_SETTINGS = ("values", "cache", "cors", "swagger", "acceptance", "preferences", "realtime", "settings", "actions")
_DATA = frozenset((*_QUERY_DATA, *_CONSTRUCT_DATA, *_SETTINGS))


def format_source(text: str, filename: str = "<text>") -> str:
    """The text in the style of Xano's own exports: the same program with the same comments, laid out anew.

    Line ends are those of most lines, and a byte-order mark is dropped. Formatting twice gives what formatting once
    gave. Raises XanoScriptSyntaxError, with every problem, for a text that has syntax errors.
    """
    source = Source(text.replace("\r\n", "\n"), filename)
    tree = parse(source.text, filename)
    try:
        made = Formatter(Brackets(source)).format()
        if made != source.text:
            verify(tree, made)
    except RecursionError:
        raise XanoScriptError("the text is nested too deeply to be formatted", file=filename) from None
    windows = text.count("\r\n") * 2 > text.count("\n")
    return made.replace("\n", "\r\n") if windows else made


def verify(tree: Document, made: str) -> None:
    """Make sure that a formatted text still is the same program."""
    try:
        other = parse(made)
    except XanoScriptSyntaxError:
        other = Document([])
    if other != tree:
        raise InternalError(AssertionError("formatting would change the program"))


class Formatter:
    """Lays out one text. Methods write to `out`; `indent` is always the indentation of the line at hand."""

    def __init__(self, brackets: Brackets) -> None:
        self.brackets = brackets
        self.types, self.texts, self.spaced, self.gaps = brackets.types, brackets.texts, brackets.spaced, brackets.gaps
        self.out: list[str] = []

    def format(self) -> str:
        source = self.brackets.source.text
        after_block = self.items(self.brackets.root, 0)
        end = self.gaps.get(len(self.types))
        if end is not None:
            self.comments(end, 0, blank=after_block, first=not self.out)
        made = "".join(self.out)
        return f"{made}\n" if made and source.rstrip(" \t")[-1:] == "\n" else made

    # Lines and tokens ----------------------------------------------------------------------------------------------

    def line(self, index: int, indent: int, *, blank: bool = False, first: bool = False, last: bool = False) -> None:
        """Begin a line for a token, after the comments before it. `blank` asks for a blank line before them; there is
        none before the first item of a block and after the last, whatever the author wrote."""
        gap = self.gaps.get(index)
        inner = indent + _INDENT if last else indent
        commented = gap is not None and self.comments(gap, inner, blank=blank, first=first)
        wanted = (gap is not None and gap.blank) or (blank and not commented)
        if wanted and not last and (commented or not first):
            self.blank_line(indent)
        if self.out:
            self.out.append("\n" + " " * indent)

    def comments(self, gap: Gap, indent: int, *, blank: bool, first: bool) -> bool:
        """Write the comments of a gap; whether there are any on lines of their own."""
        if gap.trailing:
            self.out.append(f" {gap.trailing}")
        for blank_before, comment in gap.own:
            if (blank_before or blank) and not first:
                self.blank_line(indent)
            blank = first = False
            self.out.append(("\n" + " " * indent if self.out else "") + comment)
        return bool(gap.own)

    def blank_line(self, indent: int) -> None:
        self.out.append("\n" + " " * (indent - _INDENT if self.brackets.indented_blanks else 0))

    def put(self, index: int, indent: int, *, begins: bool = False) -> None:
        """Write a token after the one before it on the same line, unless a comment stands between."""
        if not begins:
            gap = self.gaps.get(index)
            if gap is not None and gap.commented:
                self.comments(gap, indent + _INDENT, blank=False, first=True)
                self.out.append("\n" + " " * (indent + _INDENT))
            elif self.spaced[index]:
                self.out.append(" ")
        text = self.texts[index]
        self.out.append(self.text_block(text, indent) if self.types[index] == "TEXT_BLOCK" else text)

    def text_block(self, text: str, indent: int) -> str:
        """A text block whose closing delimiter stands one step deeper than the line that opens it."""
        opening, *lines, closing = text.split("\n")
        margin, wanted = closing[:-3], " " * (indent + _INDENT)
        if margin == wanted:
            return text
        moved = [opening]
        for line in lines:
            shared = 0
            while shared < len(margin) and line[shared : shared + 1] in (" ", "\t"):
                shared += 1
            moved.append(wanted + line[shared:] if line else line)
        return "\n".join([*moved, wanted + closing[-3:]])

    def close(self, bracket: Bracket, indent: int, *, blank: bool = False) -> None:
        """Write a closing bracket on a line of its own."""
        self.line(bracket.closer, indent, blank=blank, last=True)
        self.out.append(self.texts[bracket.closer])

    # Bodies --------------------------------------------------------------------------------------------------------

    def body(self, bracket: Bracket, indent: int) -> None:
        self.put(bracket.opener, indent)
        after_block = self.items(bracket, indent + _INDENT)
        self.close(bracket, indent, blank=after_block)

    def items(self, bracket: Bracket, indent: int) -> bool:
        """The statements, attributes or fields of a block, or the documents of a text; whether a block ends them."""
        previous = ""
        after_block = commented_before = False
        for number, item in enumerate(bracket.items):
            index = first_token(item[0])
            kind = self.item_kind(item, bracket.kind)
            gap = self.gaps.get(index)
            commented = kind != "attribute" and gap is not None and bool(gap.own)
            blank = after_block or commented or commented_before or (previous == "attribute" and kind == "block")
            if "separator" in (kind, previous):
                blank = False
            self.line(index, indent, blank=blank, first=number == 0)
            self.item(item, kind, indent)
            after_block = self.ends_block(item, kind)
            commented_before, previous = commented, kind
        return after_block

    def item_kind(self, item: Item, inside: str) -> str:
        index = first_token(item[0])
        kind = self.types[index]
        if inside == FIELDS:
            return "field"
        if kind == "_DOCUMENT_SEPARATOR":
            return "separator"
        if len(item) > 2 and isinstance(item[2 if kind == "PREFIX" else 1], int):
            sign = self.types[first_token(item[2 if kind == "PREFIX" else 1])]
            if sign == "ASSIGN":
                return "attribute"
        return "block"

    def ends_block(self, item: Item, kind: str) -> bool:
        """Whether an item just written ends with a bracket that began on an earlier line."""
        if kind == "attribute":
            whole = isinstance(item[-1], Bracket) and self.types[first_token(item[-2])] == "ASSIGN"
            return whole and self.out[-2].startswith("\n")
        return any(isinstance(part, Bracket) and part.kind in (BODY, FIELDS) for part in item)

    def item(self, item: Item, kind: str, indent: int) -> None:
        if kind == "attribute":
            value = 3 if self.types[first_token(item[0])] == "PREFIX" else 2
            self.parts(item[:value], indent, breaks=False, begins=True)
            name = self.texts[first_token(item[value - 2])]
            self.value(item[value:], indent, breaks=True, data=name in _DATA)
        else:
            self.parts(item, indent, breaks=False, begins=True)

    # Expressions ---------------------------------------------------------------------------------------------------

    def parts(self, parts: Item, indent: int, *, breaks: bool, begins: bool = False) -> None:
        for number, part in enumerate(parts):
            if isinstance(part, int):
                self.put(part, indent, begins=begins and number == 0)
            else:
                self.bracket(part, indent, breaks=breaks, begins=begins and number == 0)

    def value(self, parts: Item, indent: int, *, breaks: bool, data: bool = False, begins: bool = False) -> None:
        """A whole value: of an attribute, an entry, or what stands in parentheses. `breaks` tells that a long filter
        chain is broken even if the author did not."""
        if len(parts) == 1 and isinstance(parts[0], Bracket) and parts[0].kind in (OBJECT, LIST):
            self.literal(parts[0], indent, whole=True, data=data, begins=begins)
            return
        filters = self.broken_filters(parts, breaks)
        if not filters:
            self.parts(parts, indent, breaks=breaks, begins=begins)
            return
        self.parts(parts[: filters[0]], indent, breaks=breaks, begins=begins)
        for start, end in zip(filters, [*filters[1:], len(parts)], strict=True):
            self.line(first_token(parts[start]), indent + _INDENT)
            self.parts(parts[start:end], indent + _INDENT, breaks=breaks, begins=True)

    def broken_filters(self, parts: Item, breaks: bool) -> list[int]:
        """Where the filters begin that stand on lines of their own."""
        filters = self.brackets.filters(parts)
        if not filters:
            return []
        first, last = first_token(parts[filters[0]]), self.brackets.last_token(parts[-1])
        if self.brackets.has_comment(first - 1, last):
            return filters
        if not breaks and not any(self.brackets.starts_line(first_token(parts[number])) for number in filters):
            return []
        short = len(filters) <= _FILTERS_COUNT and not self.brackets.is_tall(first, last)
        if short and len(self.brackets.flat(parts[filters[0] :])) <= _FILTERS_LENGTH:
            return []
        return filters

    def bracket(self, bracket: Bracket, indent: int, *, breaks: bool, begins: bool = False) -> None:
        """A bracket that is part of something larger."""
        if bracket.kind in (BODY, FIELDS):
            self.body(bracket, indent)
        elif bracket.kind in (OBJECT, LIST):
            self.literal(bracket, indent, whole=False, data=False, begins=begins)
        elif bracket.kind == PAREN and self.types[bracket.opener - 1 : bracket.opener] != ["CALL"]:
            self.group(bracket, indent, breaks=breaks, begins=begins)
        else:
            self.put(bracket.opener, indent, begins=begins)
            for item in bracket.items:
                self.parts(item, indent, breaks=breaks)
            self.put(bracket.closer, indent)

    def group(self, bracket: Bracket, indent: int, *, breaks: bool, begins: bool) -> None:
        """Something in parentheses."""
        self.put(bracket.opener, indent, begins=begins)
        if not bracket.items:
            if self.brackets.has_comment(bracket.opener, bracket.closer):
                self.close(bracket, indent)
            else:
                self.put(bracket.closer, indent)
            return
        item = bracket.items[0]
        if self.broken_filters(item, breaks):
            self.value(item, indent, breaks=breaks)
            self.close(bracket, indent)
        elif self.broken_by_author(item):
            self.line(first_token(item[0]), indent + _INDENT, first=True)
            starts = [0, *self.brackets.loosest_operators(item)]
            for start, end in zip(starts, [*starts[1:], len(item)], strict=True):
                if start:
                    self.line(first_token(item[start]), indent + _INDENT)
                self.parts(item[start:end], indent + _INDENT, breaks=breaks, begins=True)
            self.close(bracket, indent)
        else:
            self.value(item, indent, breaks=breaks)
            self.put(bracket.closer, indent)

    def broken_by_author(self, item: Item) -> bool:
        """Whether the author broke the line before one of some parts that is not a filter."""
        for part in item:
            index = first_token(part)
            if self.brackets.starts_line(index) and self.types[index] != "FILTER":
                return True
        return False

    # Objects and lists ---------------------------------------------------------------------------------------------

    def literal(self, bracket: Bracket, indent: int, *, whole: bool, data: bool, begins: bool) -> None:
        """An object or a list. One that is only part of a value is broken only where the author broke it."""
        self.put(bracket.opener, indent, begins=begins)
        if not self.is_broken(bracket, whole, data):
            for number, item in enumerate(bracket.items):
                if number:
                    self.out.append(", ")
                self.parts(item, indent, breaks=False, begins=True)
            self.put(bracket.closer, indent)
            return
        inner = indent + _INDENT
        width = max((self.key_width(item) for item in bracket.items), default=0)
        for number, item in enumerate(bracket.items):
            self.line(first_token(item[0]), inner, first=number == 0)
            self.entry(item, inner, width, data)
        self.close(bracket, indent)

    def is_broken(self, bracket: Bracket, whole: bool, data: bool) -> bool:
        first, last = bracket.opener, bracket.closer
        if self.brackets.has_comment(first, last) or self.brackets.is_tall(first, last):
            return True
        if not bracket.items or not (whole or self.brackets.starts_line(first + 1)):
            return False
        return self.json_size(bracket, data) >= _JSON_LIMIT

    def key_width(self, item: Item) -> int:
        """The length of an entry's key; 0 for what has none."""
        parts = item[:2] if self.types[first_token(item[0])] == "PREFIX" else item[:1]
        index = parts[-1]
        if isinstance(index, int) and self.types[index] == "KEY":
            return sum(len(self.texts[first_token(part)]) for part in parts)
        return 0

    def entry(self, item: Item, indent: int, width: int, data: bool) -> None:
        own = self.key_width(item)
        if not own:
            self.value(item, indent, breaks=False, data=data, begins=True)
            return
        colon = 2 if self.types[first_token(item[0])] == "PREFIX" else 1
        self.parts(item[:colon], indent, breaks=False, begins=True)
        self.out.append(" " * (width - own))
        self.put(first_token(item[colon]), indent)
        self.value(item[colon + 1 :], indent, breaks=False, data=data)

    def json_size(self, bracket: Bracket, data: bool) -> int:
        """The length of an object or list as JSON, by which exports decide. In it an expression is a text."""
        size = 2 + max(0, len(bracket.items) - 1)
        for item in bracket.items:
            key = self.key_width(item)
            if key:
                colon = 2 if self.types[first_token(item[0])] == "PREFIX" else 1
                quoted = self.texts[first_token(item[colon - 1])][0] in "\"'"
                size += key + (1 if quoted else 3)
                item = item[colon + 1 :]
            size += self.json_value_size(item, data)
        return size

    def json_value_size(self, item: Item, data: bool) -> int:
        if len(item) == 1:
            part: Part = item[0]
            if isinstance(part, Bracket):
                if part.kind in (OBJECT, LIST):
                    return self.json_size(part, data)
            elif self.types[part] in ("NUMBER", "TRUE", "FALSE", "NULL"):
                return len(self.texts[part])
            elif data and self.types[part] == "STRING":
                return json_length(self.texts[part])
        flat = self.brackets.flat(item)
        return 2 + json_length(flat) + flat.count('"') + flat.count("\\")


def json_length(text: str) -> int:
    """The length of a text in PHP's JSON, which escapes slashes and whatever is not ASCII."""
    return len(text) + text.count("/") + (0 if text.isascii() else 5 * sum(ord(character) > 127 for character in text))
