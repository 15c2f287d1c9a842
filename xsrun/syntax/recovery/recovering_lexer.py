"""Reading on after a mistake, so that one run reports every independent problem.

The error-free path never comes here. A text with a mistake is read again by a lexer that repairs what it stumbles
over (a quote that does not end, a bracket without partner, a character of another language), and its tokens go through
the parser as often as there are mistakes: each time the broken piece is cut out and a hole put in its place, as small
a piece as possible: a value, an entry, a header, at worst a statement. Holes have the name `tokens.HOLE`; the checks
take them for anything.

Brackets without partner are the hard case, since everything after one is read in the wrong place. Indentation tells
where the missing one should stand; the text is then read anew with that knowledge.
"""

from __future__ import annotations

from xsrun.diagnostics import Diagnostic
from xsrun.language.token_classes import BLOCK_OPENERS, BLOCK_WORDS, BODY, CLOSING_TOKENS, FIELDS, OBJECT, PARTNERS
from xsrun.syntax import syntax_messages
from xsrun.syntax.lalr import Lalr
from xsrun.syntax.lexer import SEPARATOR, Lexer
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.parsed import Parsed, Start
from xsrun.syntax.problems import problem as problem_at
from xsrun.syntax.recovery.token_repair import TokenRepair
from xsrun.syntax.source import Source
from xsrun.syntax.token_reader import HEAD, START, VALUE
from xsrun.syntax.tokens import HOLE, LexicalError, Token
from xsrun.syntax.unexpected import recognise, unexpected

#: The most mistakes that are reported for one text; one with more is hardly XanoScript.
MOST_ERRORS = 100


def parse(lalr: Lalr, parsed: Parsed[Document | Expression], start: Start, context: str) -> None:
    """Parse a text that holds a mistake: fill in its tree (None when nothing can be made of it) and its problems."""
    source = parsed.source
    tokens, lexer, found = _tokens(source, context)
    problems = _Problems(found)
    parsed.tree = _tree(lalr, source, tokens, start, problems) if tokens or not found else None
    parsed.comments = lexer.comments
    parsed.notes = lexer.notes + lalr.builder.notes
    for problem in lalr.builder.problems:
        problems.add(problem)
    if len(problems.found) >= MOST_ERRORS:
        parsed.tree = None
    parsed.diagnostics = sorted(problems.found, key=Diagnostic.sort_key)


class _Problems:
    """The problems of one text.

    At most one a line, since a second one is nearly always the first one again, and one about template code.
    """

    def __init__(self, found: list[Diagnostic]) -> None:
        self.found: list[Diagnostic] = []
        self.lines: set[int] = set()
        for problem in found:
            self.add(problem)

    def add(self, problem: Diagnostic) -> None:
        template = problem.code == "XS125" and any(other.code == "XS125" for other in self.found)
        if problem.line not in self.lines and not template and len(self.found) < MOST_ERRORS:
            self.lines.add(problem.line)
            self.found.append(problem)


def _tree(
    lalr: Lalr, source: Source, tokens: list[Token], start: Start, problems: _Problems
) -> Document | Expression | None:
    """The tree of tokens, with a hole for every piece that does not fit."""
    repair = TokenRepair(tokens, start)
    for _ in range(MOST_ERRORS):
        lalr.builder.problems, lalr.builder.notes = [], []
        index, expected, tree = lalr.attempt(repair.tokens, start)
        if tree is not None:
            return tree
        damaged = index < len(repair.tokens) and repair.tokens[index].type == "DAMAGED"
        if not damaged and not repair.made_here(index):
            problems.add(unexpected(source, repair.tokens, index, expected))
        if not repair.cut(index, expected):
            return None
    return None


# Tokens --------------------------------------------------------------------------------------------------------------


class _Again(Exception):
    """A bracket without partner was found: read the text anew with that knowledge."""


class _Hopeless(Exception):
    """The text cannot be read on."""


class _Brackets:
    """What is known about the brackets of a text that have no partner."""

    def __init__(self) -> None:
        #: offsets of openers that end where the indentation says, not where a bracket closes them
        self.unclosed: set[int] = set()
        #: offsets of closing brackets that close nothing
        self.extra: set[int] = set()
        #: lines that should end with an opening brace
        self.opened: set[int] = set()
        self.found: list[Diagnostic] = []
        #: where the problems found are, by line and column
        self.places: set[tuple[int, int]] = set()


def _tokens(source: Source, context: str) -> tuple[list[Token], _RecoveringLexer, list[Diagnostic]]:
    brackets = _Brackets()
    while True:
        lexer = _RecoveringLexer(source, context, brackets)
        try:
            tokens = lexer.tokens()
        except _Again:
            continue
        except _Hopeless:
            return [], lexer, lexer.found
        return tokens, lexer, [*brackets.found, *lexer.found]


class _RecoveringLexer(Lexer):
    """The lexer, going on after what it cannot read."""

    def __init__(self, source: Source, context: str, brackets: _Brackets) -> None:
        super().__init__(source, context)
        self.brackets = brackets
        self.found: list[Diagnostic] = []

    def repair(self, error: LexicalError) -> None:
        code = error.diagnostic.code
        if code in ("XS101", "XS102"):
            self.repair_bracket(error.diagnostic)
            return
        self.found.append(error.diagnostic)
        if code == "XS138":
            raise _Hopeless
        if self.contexts[-1] == BODY and self.previous in ("_NEWLINE", "BODY_OPEN", ""):
            self.modes[-1] = START
        if code == "XS103":
            self.repair_quote()
        elif code == "XS104":
            self.repair_block_on_one_line()
        elif code == "XS105":
            self.repair_typographic()
        elif code == "XS106":
            end = self.text.find("*/", self.position)
            self.skip(end + 2 if end >= 0 else self.line_end())
        else:
            self.repair_character()

    # Texts and characters ------------------------------------------------------------------------------------------

    def line_end(self) -> int:
        return self.line_end_at(self.position)

    def skip(self, end: int) -> None:
        """Leave out what stands before an offset."""
        passed = self.text[self.position : end]
        if "\n" in passed:
            self.line += passed.count("\n")
            self.line_start = self.position + passed.rfind("\n") + 1
        self.position = end

    def repair_quote(self) -> None:
        """A text without end ends with its line, but before the brackets that its line opened and closes."""
        position, quote = self.position, self.text[self.position]
        if position and self.text[position - 1].isalnum() and not self.text.startswith(quote * 3, position):
            self.skip(position + 1)  # the opening quote is missing, not this one
            return
        if self.text.startswith(quote * 3, position):
            self.emit_text(self.block_end())
            return
        end = self.line_end()
        rest = self.text[position + 1 : end]
        for opener in (o for o in self.openers if o.line == self.line):
            kept = rest.rstrip()
            if not kept.endswith(PARTNERS[opener.value]):
                break
            rest = kept[:-1]
        self.emit_text(position + 1 + len(rest.rstrip()))

    def emit_text(self, end: int) -> None:
        if self.text[self.position] == "`":
            self.emit("PLACEHOLDER", end, HOLE)
        else:
            self.emit("STRING", end, '""')

    def block_end(self) -> int:
        """Where a text block without closing delimiter ends: before the first line that is indented less."""
        margin = _indentation(self.source.line(self.line))
        number = self.line + 1
        while number <= len(self.source.starts):
            line = self.source.line(number)
            if line.strip() and _indentation(line) < margin:
                return self.source.starts[number - 1] - 1
            number += 1
        return len(self.text)

    def repair_block_on_one_line(self) -> None:
        delimiter = self.text[self.position : self.position + 3]
        end = self.text.find(delimiter, self.position + 3, self.line_end())
        self.emit_text(end + 3 if end >= 0 else self.line_end())

    def repair_typographic(self) -> None:
        end = self.line_end()
        closing = [
            place
            for place in range(self.position + 1, end)
            if self.text[place] in syntax_messages.TYPOGRAPHIC or self.text[place] == '"'
        ]
        if closing:
            self.emit("STRING", closing[0] + 1, '""')
        else:
            self.repair_quote()

    def repair_character(self) -> None:
        character = self.text[self.position]
        if character == "#":
            self.skip(self.line_end())
        elif character == ";":
            following = self.text[self.position + 1 : self.line_end()].strip()
            if following and not following.startswith(("//", "}")) and self.contexts[-1] == BODY:
                self.emit("_NEWLINE", self.position + 1)
                self.modes[-1] = START
            else:
                self.skip(self.position + 1)
        else:
            self.emit("DAMAGED", self.position + 1)

    # Brackets ------------------------------------------------------------------------------------------------------

    def separate(self, start: int, first: tuple[int, int]) -> None:
        """At a line end: close what is known to have no closing bracket and ends here."""
        while self.openers and self.openers[-1].start_pos in self.brackets.unclosed and self.ends_here():
            self.offer(self.openers[-1], start)
            self.close_here(start, first)
        super().separate(start, first)

    def offer(self, opener: Token, offset: int) -> None:
        """Offer to put the closing brace that an opener lacks where the indentation wants it."""
        if opener.value != "{" or self.line == opener.line:
            return
        line = self.source.line(opener.line)
        margin = line[: len(line) - len(line.lstrip())]
        end = len(self.text[:offset].rstrip())
        if "//" in self.text[self.text.rfind("\n", 0, end) + 1 : end]:
            end = self.line_end_at(end)
        for problem in self.brackets.found:
            if (problem.line, problem.column) == (opener.line, opener.column):
                problem.fix = [(end, end, f"\n{margin}}}")]

    def line_end_at(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def ends_here(self) -> bool:
        opener = self.openers[-1]
        if opener.value != "{" or self.position >= len(self.text):
            return True
        indentation = _indentation(self.text[self.line_start : self.position] + "x")
        return indentation <= _indentation(self.source.line(opener.line))

    def close_here(self, offset: int, place: tuple[int, int]) -> None:
        """Put in the closing bracket that the innermost opener lacks."""
        opener = self.openers.pop()
        if self.previous == "_NEWLINE":
            self.items.pop()
        self.contexts.pop()
        self.modes.pop()
        line, column = place
        closing = PARTNERS[opener.value]
        kind = CLOSING_TOKENS[closing]
        self.items.append(Token.absent(kind, closing, offset, line, column))
        self.previous = kind
        if self.contexts[-1] == BODY and self.modes[-1] == START:
            self.modes[-1] = HEAD

    def close(self, character: str) -> None:
        if self.position in self.brackets.extra:
            self.position += 1
            return
        super().close(character)

    def repair_bracket(self, problem: Diagnostic) -> None:
        here = (self.line, self.position - self.line_start + 1)
        if self.position >= len(self.text):
            self.end_document(here)
            return
        character = self.text[self.position]
        if character == "}" and self.openers:
            opener = self.openers[-1]
            known = opener.line == self.line or len(self.brackets.found) >= MOST_ERRORS
            if not known and opener.start_pos not in self.brackets.unclosed:
                self.unclosed(opener)
            self.remember(syntax_messages.unclosed(self.source, self.openers[-1:], []).diagnostic)
            self.close_here(self.position, here)
        elif character != "}" and self.closes_outer(character):
            self.remember(problem)
            self.close_here(self.position, here)
        else:
            self.extra_bracket(character, problem)

    def end_document(self, here: tuple[int, int]) -> None:
        """The text, or one document of it, ends with brackets open."""
        if len(self.brackets.found) < MOST_ERRORS:
            opener = syntax_messages.mispaired(self.source, self.items) or self.openers[-1]
            if opener.start_pos not in self.brackets.unclosed:
                self.unclosed(opener)
        for opener in self.openers[::-1]:
            self.remember(syntax_messages.unclosed(self.source, [opener], []).diagnostic)
            self.close_here(self.position, here)

    def read_newlines(self) -> None:
        """At a line end: open what should have been opened on this line; close all before a line of `---`."""
        if self.line in self.brackets.opened and self.previous not in BLOCK_OPENERS | {"LBRACE"}:
            self.open_here()
        super().read_newlines()
        if self.openers and self.position == self.line_start and SEPARATOR(self.text, self.position):
            self.end_document((self.line, 1))

    def open_here(self) -> None:
        """Put in the opening brace that the line lacks."""
        context = self.contexts[-1]
        kind, inner = "LBRACE", OBJECT
        if context == FIELDS or (context == BODY and self.previous not in ("ASSIGN", "FIELDS")):
            kind, inner = "BODY_OPEN", BODY
        elif context == BODY and self.previous == "FIELDS":
            kind, inner = "FIELDS_OPEN", FIELDS
        column = self.position - self.line_start + 1
        token = Token.absent(kind, "{", self.position, self.line, column)
        self.items.append(token)
        self.openers.append(token)
        self.contexts.append(inner)
        self.modes.append(START)
        self.previous = kind

    def closes_outer(self, character: str) -> bool:
        """Whether a closing bracket fits an opener further out in the same value."""
        for opener in reversed(self.openers):
            if opener.type in BLOCK_OPENERS:
                return False
            if PARTNERS[opener.value] == character:
                return True
        return False

    def remember(self, problem: Diagnostic) -> None:
        place = (problem.line, problem.column)
        if place not in self.brackets.places:
            self.brackets.places.add(place)
            self.brackets.found.append(problem)

    def unclosed(self, opener: Token) -> None:
        """Remember that an opener has no partner, and read the text anew."""
        self.brackets.unclosed.add(opener.start_pos)
        self.remember(syntax_messages.unclosed(self.source, [opener], []).diagnostic)
        raise _Again

    def extra_bracket(self, character: str, problem: Diagnostic) -> None:
        """A closing bracket too many. Of braces the first one at a strange indentation is the suspect."""
        if len(self.brackets.found) >= MOST_ERRORS:
            self.remember(problem)
            self.brackets.extra.add(self.position)
            return
        here = self.position - self.line_start + 1
        place = (self.position, self.line, here, self.line, here + 1, self.position + 1)
        suspect = syntax_messages.too_early(self.source, self.items) if character == "}" else None
        if suspect is None or suspect.start_pos in self.brackets.extra:
            suspect = Token("RBRACE", character, *place)
        own_line = not self.source.line(suspect.line)[: suspect.column - 1].strip()
        number = syntax_messages.lacks_opener(self.source, suspect) if character == "}" and own_line else None
        if number is not None and number not in self.brackets.opened:
            self.brackets.opened.add(number)
            self.remember(syntax_messages.missing_opener(self.source, number, suspect))
            raise _Again
        if suspect.start_pos == self.position:
            self.remember(problem)
            self.brackets.extra.add(self.position)
            return
        self.brackets.extra.add(suspect.start_pos)
        self.remember(syntax_messages.closes_nothing(self.source, suspect))
        raise _Again

    # Colons --------------------------------------------------------------------------------------------------------

    def read_head(self, character: str) -> None:
        """`name: value` in a body is read as the attribute that was meant."""
        if character == ":" and self.previous in ("NAME", "FIELDS") and self.contexts[-1] == BODY:
            self.emit("_COLON", self.position + 1)
            found = recognise(self.source, self.items, len(self.items) - 1)
            colon = self.items.pop()
            if found is not None:
                end = (colon.end_line, colon.end_column)
                start = (colon.line, colon.column)
                problem = problem_at(self.source, found.code, found.message, found.hint, start, end, found.fix)
                self.found.append(problem)
            name = self.items[-1]
            self.previous = name.type
            if name.value in BLOCK_WORDS:
                return
            colon.type, colon.value = "ASSIGN", "="
            self.items.append(colon)
            self.previous = "ASSIGN"
            self.modes[-1] = VALUE
            return
        super().read_head(character)


def _indentation(line: str) -> int:
    return syntax_messages.indentation(line)
