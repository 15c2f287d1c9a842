"""Source text to tokens.

XanoScript is read in three ways, and the lexer knows which it is in, so that the grammar stays small and the same
word can be a name here and an operator there (language 6):

* a *body* (a document, a stack, the attributes of a statement): each line begins with a name; what follows is the
  head of a statement, or after `=` an expression that ends with the line;
* an *expression* inside `( )`, `[ ]` or the `{ }` of an object: newlines separate items or mean nothing;
* the *fields* of `input`, `schema` and `output`, one a line, with raw defaults and filters.

The patterns of the terminals stand in the grammar; here it is decided which of them are tried where. Besides that only
this is here, because it depends on more than the characters at hand: which opening bracket a sign is (three tokens are
written `{`), whether a newline separates anything, and whether `[` and words such as `in` follow a value. Newlines that
mean nothing never become tokens. Brackets are matched as they are read: an unclosed one is reported at its opener, a
quote without end at its beginning.
"""

from __future__ import annotations

import re

from xsrun.language.token_classes import BODY, FIELDS, LIST, OBJECT, PAREN, VALUE_ENDS
from xsrun.syntax import syntax_messages
from xsrun.syntax.tables import patterns
from xsrun.syntax.token_reader import BLANKS, HEAD, START, VALUE, TokenReader, terminal
from xsrun.syntax.tokens import LexicalError, Token

# Bodies and heads
SEPARATOR = terminal("_DOCUMENT_SEPARATOR")
_FIELDS = terminal("FIELDS")
_STATEMENT_NAME = terminal("STATEMENT_NAME")
_PLACEHOLDER = terminal("PLACEHOLDER")
_VERB = terminal("VERB")
_AS = terminal("AS")
_IF = terminal("IF")
_BREAK = terminal("BREAK")
_HEAD_NAME = terminal("HEAD_NAME")
_NEXT_ARM = terminal("NEXT_ARM")
_NEXT_ATTRIBUTE = terminal("NEXT_ATTRIBUTE")
# Fields
_NAME = terminal("NAME")
_SIZE = terminal("SIZE")
_DEFAULT = terminal("DEFAULT")
_RAW_DEFAULT = terminal("RAW_DEFAULT")
_FILTERS = terminal("FILTERS")
# Expressions
_KEY = terminal("KEY")
_WORDS = terminal("WORDS")
_FILTER = terminal("FILTER")
_MEMBER = terminal("MEMBER")
_DOT = terminal("DOT")
_CAST = terminal("CAST")
_CALL = terminal("CALL")
_BETWEEN = terminal("BETWEEN")
_WORD_OPERATOR = terminal("WORD_OPERATOR")
_BLOCKS = {'"': terminal("TEXT_BLOCK"), "'": terminal("TEXT_BLOCK"), "`": terminal("FENCE")}

#: What can stand anywhere in an expression, in the order of trying: longest first where one begins another.
_ANYWHERE = (
    *("TIMESTAMP", "NUMBER", "STRING", "BACKTICK", "VARIABLE", "NAME", "COMPARE", "NULLISH", "ELVIS", "OR", "AND"),
    *("PLACEHOLDER", "SPREAD", "RANGE", "CONCAT", "PLUS", "MINUS", "TIMES", "BANG", "QUESTION", "_COLON", "COMMA"),
    "ASSIGN",
)
_TOKEN = re.compile("|".join(f"(?P<{name}>{patterns()[name]})" for name in _ANYWHERE), re.ASCII).match
#: Words that are read as a NAME first.
_KEYWORDS = {patterns()[name]: name for name in ("TRUE", "FALSE", "NULL", "NOW")}


class Lexer(TokenReader):
    """Reads one source text: `tokens()` gives all its tokens or raises `LexicalError`."""

    # The loop ------------------------------------------------------------------------------------------------------

    def tokens(self) -> list[Token]:
        """All tokens of the text, newlines that separate nothing left out."""
        while True:
            try:
                self.read_all()
                return self.items
            except LexicalError as error:
                self.repair(error)

    def repair(self, error: LexicalError) -> None:
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
        while self.items and self.items[-1].type == "_NEWLINE":
            self.items.pop()
        if self.openers:
            raise syntax_messages.unclosed(self.source, self.openers, self.items)

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
        if len(self.contexts) == 1 and (match := SEPARATOR(text, position)):
            if self.previous == "_NEWLINE":
                self.items.pop()
            self.emit("_DOCUMENT_SEPARATOR", match.end())
            return
        if match := _FIELDS(text, position):
            self.emit("FIELDS", match.end())
            self.modes[-1] = HEAD
            return
        if match := _STATEMENT_NAME(text, position):
            self.emit("NAME", match.end())
            self.modes[-1] = HEAD
            return
        if match := _PLACEHOLDER(text, position):
            self.emit("PLACEHOLDER", match.end())
            self.modes[-1] = HEAD
            return
        self.modes[-1] = HEAD
        self.read_head(character)

    def read_head(self, character: str) -> None:
        """Read a token of a statement's head, or of what follows its closing brace."""
        text, position = self.text, self.position
        if self.previous == "RBRACE" and _NEXT_ARM(text, position):
            line, column = self.line, position - self.line_start + 1
            self.items.append(Token.absent("_NEWLINE", "", position, line, column))
            self.previous = "_NEWLINE"
            self.modes[-1] = START
        elif character == "{":
            context = FIELDS if self.previous == "FIELDS" else BODY
            self.open("FIELDS_OPEN" if context == FIELDS else "BODY_OPEN", context)
        elif character == "=" and not text.startswith("==", position):
            self.emit("ASSIGN", position + 1)
            self.modes[-1] = VALUE
        elif character == "$":
            self.read_token(character)
        elif match := _VERB(text, position):
            self.emit("VERB", match.end())
        elif match := _AS(text, position):
            self.emit("AS", match.end())
        elif match := _IF(text, position):
            self.emit("IF", match.end())
        elif self.previous in ("RBRACE", "RPAR") and (match := _BREAK(text, position)):
            self.emit("BREAK", match.end())
        elif self.previous in ("NAME", "VERB", "AS", "BREAK") and (match := _HEAD_NAME(text, position)):
            self.emit("HEAD_NAME", match.end())
        elif _NEXT_ATTRIBUTE(text, position) and self.previous not in ("FIELDS",):
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
            match = _NEXT_ATTRIBUTE(self.text, self.position)
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
        elif match := _FILTERS(text, position):
            self.emit("FILTERS", match.end(), match.group(1))
        elif match := _SIZE(text, position):
            self.emit("SIZE", match.end())
        elif match := _DEFAULT(text, position):
            self.emit("DEFAULT", match.end(), match.group().strip())
        elif character == "?":
            self.emit("QUESTION", position + 1)
        elif character == "{":
            self.open("BODY_OPEN", BODY)
        elif match := _NAME(text, position):
            self.emit("NAME", match.end())
        else:
            self.read_token(character)

    def read_default(self, character: str) -> None:
        if character in "\"'[{":
            self.read_expression(character)
        elif match := _RAW_DEFAULT(self.text, self.position):
            self.emit("RAW_DEFAULT", match.end())
        else:
            self.read_token(character)

    # Expressions ---------------------------------------------------------------------------------------------------

    def read_in_object(self, character: str) -> None:
        text, position = self.text, self.position
        if self.previous in ("LBRACE", "COMMA", "_NEWLINE"):
            start = position
            if character == "!":
                blanks = BLANKS(text, position + 1)
                start = blanks.end() if blanks else position + 1
            if match := _KEY(text, start):
                if start > position:
                    self.emit("BANG", start, "!")
                self.emit("KEY", match.end())
                return
            if match := _FIELDS(text, position):
                self.emit("FIELDS", match.end())
                return
        elif self.previous == "FIELDS" and character == "{":
            self.open("FIELDS_OPEN", FIELDS)
            return
        self.read_expression(character)

    def read_in_list(self, character: str) -> None:
        if self.previous in ("LSQB", "COMMA", "_NEWLINE") and (match := _WORDS(self.text, self.position)):
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
            self.open("LINDEX" if adjacent else "LSQB", PAREN if adjacent else LIST)
        elif character == "{":
            self.open("LBRACE", OBJECT)
        elif character in ")]}":
            self.close(character)
        else:
            self.read_token(character)

    def read_token(self, character: str) -> None:
        """Read one token that is not a bracket."""
        text, position = self.text, self.position
        if character == "|" and (match := _FILTER(text, position)):
            self.emit("FILTER", match.end(), match.group(1) + match.group(2))
            return
        operand_ended = self.previous in VALUE_ENDS
        if character == "." and operand_ended and self.read_member():
            return
        if operand_ended and character.isalpha() and self.read_word_operator():
            return
        if not operand_ended:
            if character == "!" and (match := _CAST(text, position)):
                self.emit("CAST", match.end(), match.group(1))
                return
            if character.isidentifier() and (match := _CALL(text, position)):
                self.emit("CALL", match.end())
                return
        if character in "\"'`" and self.read_text_block(character):
            return
        match = _TOKEN(text, position)
        if match is None:
            raise syntax_messages.no_token(self.source, position)
        kind = match.lastgroup
        assert kind
        if kind == "NAME":
            kind = _KEYWORDS.get(match.group(), "NAME")
        self.emit(kind, match.end())

    def read_member(self) -> bool:
        """Read `.name`, `.0`, `.$name`; or the dot of `."name"` and `.["name"]`."""
        text, position = self.text, self.position
        if match := _MEMBER(text, position):
            self.emit("MEMBER", match.end(), match.group(1) + match.group(2))
            return True
        if match := _DOT(text, position):
            self.emit("DOT", match.end())
            if text.startswith("[", match.end()):
                self.open("LINDEX", PAREN)
            return True
        return False

    def read_word_operator(self) -> bool:
        text, position = self.text, self.position
        if _NEXT_ATTRIBUTE(text, position):
            return False
        if match := _BETWEEN(text, position):
            self.emit("BETWEEN", match.end(), " ".join(match.group().split()))
            return True
        if match := _WORD_OPERATOR(text, position):
            self.emit("WORD_OPERATOR", match.end(), " ".join(match.group().split()))
            return True
        return False

    def read_text_block(self, character: str) -> bool:
        """Read a text block or a fenced expression; it ends at a line that begins with its delimiter."""
        text, position = self.text, self.position
        if not text.startswith(character * 3, position):
            return False
        if match := _BLOCKS[character](text, position):
            self.emit("FENCE" if character == "`" else "TEXT_BLOCK", match.end())
            return True
        if text[position + 3 :].partition("\n")[0].strip(" \t\r"):
            raise syntax_messages.text_block_on_one_line(self.source, position)
        raise syntax_messages.unclosed_quote(self.source, position, character * 3)
