"""Source text to tokens.

XanoScript is read in three ways, and the lexer knows which it is in, so that the grammar stays small and the same
word can be a name here and an operator there (language 6):

* a *body* (a document, a stack, the attributes of a statement): each line begins with a name; what follows is the
  head of a statement, or after `=` an expression that ends with the line;
* an *expression* inside `( )`, `[ ]` or the `{ }` of an object: newlines separate items or mean nothing;
* the *fields* of `input`, `schema` and `output`, one a line, with raw defaults and filters.

Newlines that mean nothing never become tokens, so the grammar knows only separators. Brackets are matched here as they
are read: an unclosed one is reported at its opener, a quote without end at its beginning.
"""

from __future__ import annotations

import re

from xsrun.language.token_classes import (
    BODY,
    CLOSING_TOKENS,
    FIELDS,
    LIST,
    OBJECT,
    OPENERS,
    PAREN,
    PARTNERS,
    VALUE_ENDS,
)
from xsrun.syntax import syntax_messages
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token

#: Brackets inside one another: more than any program needs, fewer than Python's recursion takes.
MOST_NESTED = 200

# Modes inside a body.
START, HEAD, VALUE = "start", "head", "value"

_BLANKS = re.compile(r"[ \t\r\u00a0]+")
_COMMENT = re.compile(r"//[^\n]*")
_NEWLINES = re.compile(r"(?:[ \t\u00a0\r]*(?://[^\n]*)?\n)*[ \t\u00a0]*(?://[^\n]*)?")
_STATEMENT = re.compile(r"\$?[A-Za-z_]\w*(?:\.\$?[A-Za-z_]\w*)*", re.ASCII)
_FIELDS = re.compile(r"(?:input|schema|output)\b(?=[ \t]*(?:\{|\r?\n|//|$))")
SEPARATOR = re.compile(r"---[ \t]*(?=\r?\n|$|//)")
_VERB = re.compile(r"verb[ \t]*=[ \t]*")
_AS = re.compile(r"as\b(?=[ \t]+[$\w])")
_IF = re.compile(r"if\b(?=[ \t]*\()")
_BREAK = re.compile(r"break\b")
_NEXT_ARM = re.compile(r"(?:elseif|else|catch|finally)\b")
_HEAD_NAME = re.compile(r"/?(?:[\w-]|\{\w+\})+(?:[/.:](?:[\w-]|\{\w+\})*)*", re.ASCII)
_KEY = re.compile(r"(!?[ \t]*)((?:[A-Za-z_$]|\d+(?=[ \t]*:))[\w-]*(?:\.[\w-]+)*)(?=[ \t]*:(?!:))", re.ASCII)
_TEXT_KEY = re.compile(r"""(!?[ \t]*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?=[ \t]*:(?!:))""")
_WORDS = re.compile(r"[A-Za-z_]\w*(?:[ \t]+[A-Za-z_]\w*)+(?=[ \t]*[,\]\r\n])", re.ASCII)
_SIZE = re.compile(r"\[[ \t]*\d*[ \t]*:?[ \t]*\d*[ \t]*\]")
_DEFAULT = re.compile(r"\?=[ \t]*|=(?!=)[ \t]*")
_RAW_DEFAULT = re.compile(r"[^\s{}\"'\[\]]+(?=[\s{}]|$)")
_FILTERS = re.compile(
    r"filters[ \t]*=[ \t]*((?:\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|\{[^\s{}]*\}|[ \t]*[|:][ \t]*|[^\s\"'{}|])+)"
)
_TEXT_BLOCK = re.compile(r"(\"\"\"|'''|```)[ \t]*\r?\n")
_WORD_OPERATOR = re.compile(
    r"(?:not[ \t]+)?(?:in|contains|includes|overlaps|ilike|like|search)\b(?:\?(?![:=]))?", re.ASCII
)
_BETWEEN = re.compile(r"(?:not[ \t]+)?between\b\??", re.ASCII)
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*[ \t]*=(?!=)", re.ASCII)
_CAST = re.compile(
    r"!(any|int|decimal|text|auth|bool|expr|timestamp|null|input|var|env|object|array)[ \t]+(?=[\"'{\[])"
)
_CALL = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*(?=\()", re.ASCII)
_FILTER = re.compile(r"\|(?!\|)[ \t]*(!?)[ \t]*([A-Za-z_]\w*)", re.ASCII)
_MEMBER = re.compile(r"\.(?!\.)[ \t]*(\$?)(\w+)", re.ASCII)
_ASSIGN = re.compile(r"=(?!=)")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

#: Everything an expression is made of, longest first where one is the beginning of another.
_TOKEN = re.compile(
    r"""
    (?P<TIMESTAMP>\d{4}-\d\d-\d\d[ \t]\d\d:\d\d:\d\d[+-]\d{4})
  | (?P<NUMBER>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z_]))
  | (?P<STRING>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<BACKTICK>`(?:[^`\\]|\\.)*`)
  | (?P<VARIABLE>\$(?:\$|\w+)?)
  | (?P<NAME>[A-Za-z_]\w*)
  | (?P<COMPARE>(?:===|!==|==|!=|>=|<=|!~|@>|>|<)\??(?!\?))
  | (?P<NULLISH>\?\?)
  | (?P<ELVIS>\?:)
  | (?P<OR>\|\|)
  | (?P<AND>&&)
  | (?P<PLACEHOLDER>\.\.\.(?=[ \t]*(?:[,\r\n\]})]|//|$)))
  | (?P<SPREAD>\.\.\.)
  | (?P<RANGE>\.\.)
  | (?P<CONCAT>\+\+|~\??)
  | (?P<PLUS>\+)
  | (?P<MINUS>-)
  | (?P<TIMES>[*%]|/(?!\*))
  | (?P<BANG>!)
  | (?P<QUESTION>\?)
  | (?P<_COLON>:)
  | (?P<COMMA>,)
  | (?P<ASSIGN>=)
    """,
    re.VERBOSE | re.ASCII,
)

_WORD_LITERALS = {"true": "TRUE", "false": "FALSE", "null": "NULL", "now": "NOW"}
#: Tokens after which a newline separates nothing.
_ENDS_NO_ITEM = OPENERS | {"_NEWLINE", "_DOCUMENT_SEPARATOR"}


class Comment:
    """A comment: its text without the slashes, and where it stands."""

    __slots__ = ("column", "line", "own_line", "text")

    def __init__(self, text: str, line: int, column: int, own_line: bool) -> None:
        self.text, self.line, self.column, self.own_line = text, line, column, own_line


class Lexer:
    """Reads one source text. `tokens()` gives them all or raises `LexicalError`; comments gather in `comments`.

    `notes` gathers warnings as (code, line, column, length) for the checker to word.
    """

    def __init__(self, source: Source, context: str = BODY, start: int = 0, end: int | None = None) -> None:
        self.source = source
        self.text = source.text if end is None else source.text[:end]
        self.position = start
        self.line, column = source.position(start) if start else (1, 1)
        self.line_start = start - column + 1
        self.items: list[Token] = []
        self.contexts: list[str] = [context]
        self.openers: list[Token] = []
        self.modes: list[str] = [START]
        self.previous = ""
        self.comments: list[Comment] = []
        self.notes: list[tuple[str, int, int, int]] = []

    # The loop ------------------------------------------------------------------------------------------------------

    def tokens(self) -> list[Token]:
        """All tokens of the text, newlines that separate nothing left out."""
        while True:
            try:
                self.read_all()
                return self.items
            except LexicalError as error:
                self.mend(error)

    def mend(self, error: LexicalError) -> None:
        """What cannot be read ends the reading; `recovery` has a lexer that goes on."""
        raise error

    def read_all(self) -> None:
        text, end = self.text, len(self.text)
        readers = {
            BODY: self.read_in_body,
            FIELDS: self.read_in_fields,
            OBJECT: self.read_in_object,
            LIST: self.read_in_list,
            PAREN: self.read_expression,
        }
        while self.position < end:
            character = text[self.position]
            if character in " \t\r\u00a0":
                self.read_blanks()
            elif character == "\n" or (character == "/" and text.startswith("//", self.position)):
                self.read_newlines()
            else:
                readers[self.contexts[-1]](character)
        while self.items and self.items[-1].type in ("_NEWLINE",):
            self.items.pop()
        if self.openers:
            raise syntax_messages.unclosed(self.source, self.openers, self.items)

    def read_blanks(self) -> None:
        match = _BLANKS.match(self.text, self.position)
        assert match
        if "\u00a0" in match.group():
            self.notes.append(("no-break-space", self.line, self.position - self.line_start + 1, 1))
        self.position = match.end()

    def emit(self, type: str, end: int, value: str | None = None) -> Token:
        """Append the token that reaches to the offset `end`."""
        start = self.position
        raw = self.text[start:end]
        column = start - self.line_start + 1
        line = self.line
        if "\n" in raw:
            self.line += raw.count("\n")
            self.line_start = start + raw.rfind("\n") + 1
        token = Token(
            type,
            raw if value is None else value,
            start,
            line,
            column,
            self.line,
            end - self.line_start + 1,
            end,
        )
        self.items.append(token)
        self.previous = type
        self.position = end
        return token

    # Newlines and comments -----------------------------------------------------------------------------------------

    def read_newlines(self) -> None:
        """Read a run of line ends, blank lines and comments; leave one NEWLINE token if it separates anything."""
        match = _NEWLINES.match(self.text, self.position)
        assert match
        start, run = self.position, match.group()
        first = (self.line, start - self.line_start + 1)
        own_line = not self.text[self.line_start : start].strip()
        for part in run.split("\n"):
            slashes = part.find("//")
            if slashes >= 0:
                column = slashes + 1 + (first[1] - 1 if self.line == first[0] else 0)
                self.comments.append(Comment(part[slashes + 2 :].rstrip("\r"), self.line, column, own_line))
            own_line = True
            self.line += 1
        self.line -= 1
        self.position = start + len(run)
        if self.line > first[0]:
            self.line_start = start + run.rfind("\n") + 1
            self.separate(start, first)

    def separate(self, start: int, first: tuple[int, int]) -> None:
        """Decide whether the line end at `first` separates two items here."""
        text, position, context = self.text, self.position, self.contexts[-1]
        if context == PAREN or self.previous in _ENDS_NO_ITEM or not self.items:
            return
        following = text[position : position + 2]
        if context in (OBJECT, LIST):
            if self.previous == "COMMA" or following[:1] in (",", "]", "}", ""):
                return
        elif following[:1] in ("}", ""):
            return
        if following[:1] == "|" and following != "||":
            return
        if following in ("||", "&&"):
            self.notes.append(("operator-continues-line", self.line, position - self.line_start + 1, 2))
            return
        line, column = first
        self.items.append(Token("_NEWLINE", "\n", start, line, column, line, column + 1, start + 1))
        self.previous = "_NEWLINE"
        self.modes[-1] = START

    # Bodies --------------------------------------------------------------------------------------------------------

    def read_in_body(self, character: str) -> None:
        mode = self.modes[-1]
        if character == "}":
            self.close(character)
        elif mode == START:
            self.read_statement_start(character)
        elif mode == HEAD:
            self.read_head(character)
        else:
            self.read_value(character)

    def read_statement_start(self, character: str) -> None:
        text, position = self.text, self.position
        if character == "!":
            self.emit("BANG", position + 1)
            return
        if len(self.contexts) == 1 and (match := SEPARATOR.match(text, position)):
            if self.previous == "_NEWLINE":
                self.items.pop()
            self.emit("_DOCUMENT_SEPARATOR", match.end())
            return
        if match := _FIELDS.match(text, position):
            self.emit("FIELDS", match.end())
            self.modes[-1] = HEAD
            return
        if match := _STATEMENT.match(text, position):
            self.emit("NAME", match.end())
            self.modes[-1] = HEAD
            return
        if text.startswith("...", position):
            self.emit("PLACEHOLDER", position + 3)
            self.modes[-1] = HEAD
            return
        self.modes[-1] = HEAD
        self.read_head(character)

    def read_head(self, character: str) -> None:
        """Read a token of a statement's head, or of what follows its closing brace."""
        text, position = self.text, self.position
        if self.previous == "RBRACE" and _NEXT_ARM.match(text, position):
            line, column = self.line, position - self.line_start + 1
            self.items.append(Token("_NEWLINE", "", position, line, column, line, column, position))
            self.previous = "_NEWLINE"
            self.modes[-1] = START
        elif character == "{":
            context = FIELDS if self.previous == "FIELDS" else BODY
            self.open("FIELDS_OPEN" if context == FIELDS else "BODY_OPEN", context)
        elif match := _ASSIGN.match(text, position):
            self.emit("ASSIGN", match.end())
            self.modes[-1] = VALUE
        elif character == "$":
            self.read_token(character)
        elif match := _VERB.match(text, position):
            self.emit("VERB", match.end())
        elif match := _AS.match(text, position):
            self.emit("AS", match.end())
        elif match := _IF.match(text, position):
            self.emit("IF", match.end())
        elif self.previous in ("RBRACE", "RPAR") and (match := _BREAK.match(text, position)):
            self.emit("BREAK", match.end())
        elif self.previous in ("NAME", "VERB", "AS", "BREAK") and (match := _HEAD_NAME.match(text, position)):
            self.emit("HEAD_NAME", match.end())
        elif _ATTRIBUTE.match(text, position) and self.previous not in ("FIELDS",):
            self.modes[-1] = START
        elif character == ",":
            self.emit("COMMA", position + 1)
            self.modes[-1] = START
        else:
            self.read_expression(character)

    def read_value(self, character: str) -> None:
        """Read a token of an attribute's value; another attribute may follow on the same line."""
        if character == ",":
            self.emit("COMMA", self.position + 1)
            self.modes[-1] = START
            return
        if self.previous in VALUE_ENDS and character.isidentifier():
            match = _ATTRIBUTE.match(self.text, self.position)
            if match:
                self.modes[-1] = START
                return
        self.read_expression(character)

    # Fields --------------------------------------------------------------------------------------------------------

    def read_in_fields(self, character: str) -> None:
        text, position = self.text, self.position
        if character == "}":
            self.close(character)
        elif self.previous == "DEFAULT":
            self.read_default(character)
        elif match := _FILTERS.match(text, position):
            self.emit("FILTERS", match.end(), match.group(1))
        elif match := _SIZE.match(text, position):
            self.emit("SIZE", match.end())
        elif match := _DEFAULT.match(text, position):
            self.emit("DEFAULT", match.end(), match.group().strip())
        elif character == "?":
            self.emit("QUESTION", position + 1)
        elif character == "{":
            self.open("BODY_OPEN", BODY)
        elif match := _NAME.match(text, position):
            self.emit("NAME", match.end())
        else:
            self.read_token(character)

    def read_default(self, character: str) -> None:
        if character in "\"'[{":
            self.read_expression(character)
        elif match := _RAW_DEFAULT.match(self.text, self.position):
            self.emit("RAW_DEFAULT", match.end())
        else:
            self.read_token(character)

    # Expressions ---------------------------------------------------------------------------------------------------

    def read_in_object(self, character: str) -> None:
        text, position = self.text, self.position
        if self.previous in ("LBRACE", "COMMA", "_NEWLINE"):
            match = _KEY.match(text, position) or _TEXT_KEY.match(text, position)
            if match:
                if match.group(1):
                    self.emit("BANG", match.end(1), "!")
                self.emit("KEY", match.end())
                return
            if match := _FIELDS.match(text, position):
                self.emit("FIELDS", match.end())
                return
        elif self.previous == "FIELDS" and character == "{":
            self.open("FIELDS_OPEN", FIELDS)
            return
        self.read_expression(character)

    def read_in_list(self, character: str) -> None:
        if self.previous in ("LSQB", "COMMA", "_NEWLINE") and (match := _WORDS.match(self.text, self.position)):
            self.emit("WORDS", match.end())
            self.notes.append(("words", self.line, match.start() - self.line_start + 1, len(match.group())))
            return
        self.read_expression(character)

    def read_expression(self, character: str) -> None:
        """Read one token of an expression; brackets change the context."""
        position = self.position
        if character == "(":
            self.open("LPAR", PAREN)
        elif character == "[":
            adjacent = bool(self.items) and self.items[-1].end_pos == position and self.previous in VALUE_ENDS
            self.open("LINDEX" if adjacent or self.previous == "DOT" else "LSQB", PAREN if adjacent else LIST)
        elif character == "{":
            self.open("LBRACE", OBJECT)
        elif character in ")]}":
            self.close(character)
        else:
            self.read_token(character)

    def read_token(self, character: str) -> None:
        """Read one token that is no bracket."""
        text, position = self.text, self.position
        if character == "|" and (match := _FILTER.match(text, position)):
            self.emit("FILTER", match.end(), match.group(1) + match.group(2))
            return
        operand_ended = self.previous in VALUE_ENDS
        if character == "." and operand_ended and self.read_member():
            return
        if operand_ended and character.isalpha() and self.read_word_operator():
            return
        if not operand_ended:
            if character == "!" and (match := _CAST.match(text, position)):
                self.emit("CAST", match.end(), match.group(1))
                return
            if character.isidentifier() and (match := _CALL.match(text, position)):
                self.emit("CALL", match.end())
                return
        if character in "\"'`" and self.read_text_block(character):
            return
        match = _TOKEN.match(text, position)
        if match is None:
            raise syntax_messages.no_token(self.source, position)
        kind = match.lastgroup
        assert kind
        if kind == "NAME":
            kind = _WORD_LITERALS.get(match.group(), "NAME")
        self.emit(kind, match.end())

    def read_member(self) -> bool:
        """Read `.name`, `.0`, `.$name`; or the dot of `."name"` and `.["name"]`."""
        text, position = self.text, self.position
        if match := _MEMBER.match(text, position):
            self.emit("MEMBER", match.end(), match.group(1) + match.group(2))
            return True
        following = text[position + 1 : position + 2]
        if following and following in "\"'[":
            self.emit("DOT", position + 1)
            if following == "[":
                self.open("LINDEX", PAREN)
            return True
        return False

    def read_word_operator(self) -> bool:
        text, position = self.text, self.position
        if _ATTRIBUTE.match(text, position):
            return False
        if match := _BETWEEN.match(text, position):
            self.emit("BETWEEN", match.end(), " ".join(match.group().split()))
            return True
        if match := _WORD_OPERATOR.match(text, position):
            self.emit("WORD_OPERATOR", match.end(), " ".join(match.group().split()))
            return True
        return False

    def read_text_block(self, character: str) -> bool:
        """Read a text block or a fenced expression; it ends at a line that begins with its delimiter."""
        text, position = self.text, self.position
        match = _TEXT_BLOCK.match(text, position)
        if match is None:
            if text.startswith(character * 3, position):
                raise syntax_messages.text_block_on_one_line(self.source, position)
            return False
        delimiter = match.group(1)
        closing = re.compile(r"^[ \t]*" + delimiter, re.MULTILINE).search(text, match.end())
        if closing is None:
            raise syntax_messages.unclosed_quote(self.source, position, delimiter)
        self.emit("FENCE" if delimiter == "```" else "TEXT_BLOCK", closing.end())
        return True

    # Brackets ------------------------------------------------------------------------------------------------------

    def open(self, type: str, context: str) -> None:
        token = self.emit(type, self.position + 1)
        self.openers.append(token)
        self.contexts.append(context)
        self.modes.append(START)
        if len(self.contexts) > MOST_NESTED:
            raise syntax_messages.nested_too_deeply(self.source, token, MOST_NESTED)

    def close(self, character: str) -> None:
        if not self.openers or PARTNERS[self.openers[-1].value] != character:
            raise syntax_messages.unmatched(self.source, self.openers, self.items, self.position)
        if self.previous == "_NEWLINE":
            self.items.pop()
        self.openers.pop()
        self.contexts.pop()
        self.modes.pop()
        self.emit(CLOSING_TOKENS[character], self.position + 1)
        if self.contexts[-1] == BODY and self.modes[-1] == START:
            self.modes[-1] = HEAD
