"""The tokens of a text as a tree of brackets, with what stood between them: what the formatter lays out.

A formatter needs less than the syntax tree and more: not what a token means, but which bracket it is in, where one item
ends and the next begins, and every comment and blank line between. So it works on the tokens, which it never changes.
"""

from __future__ import annotations

import re

from xsrun.language.token_classes import BODY, CLOSERS, CONTENTS, FIELDS, LIST, OBJECT, OPENERS, SIGNS, VALUE_ENDS
from xsrun.syntax.lexer import Lexer
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Token

_ITEMISED = frozenset((BODY, FIELDS, OBJECT, LIST))
#: What a value, or the head of a statement, can end with; a sign after anything else is a prefix.
_VALUE_ENDS = VALUE_ENDS | {"HEAD_NAME"}

_TIGHT = ("RANGE", "DASH", "DOT", "LINDEX", "DEFAULT", "TIGHT_COLON")
#: Tokens without a blank before them, and without one after.
_TIGHT_BEFORE = frozenset((*_TIGHT, "RPAR", "RSQB", "COMMA", "MEMBER", "FILTER", "SIZE", "KEY_COLON"))
_TIGHT_AFTER = frozenset((*_TIGHT, "LPAR", "LSQB", "LBRACE", "SPREAD", "VERB", "PREFIX"))

#: Operators before which a condition in parentheses may be broken, the loosest lowest.
_LOOSENESS = {"QUESTION": 0, "TERNARY_COLON": 0, "NULLISH": 1, "ELVIS": 1, "OR": 2, "AND": 3, "CONCAT": 4, "PLUS": 5}

_SEPARATORS = re.compile(r"[ \t]*([|:])[ \t]*")
_SIMPLE_FILTERS = re.compile(r"[\w!:.\-| \t]*")


class Gap:
    """What stood between two tokens, where it was more than blanks: a comment on the first token's line, comments on
    lines of their own (each with whether a blank line came before it), and whether a blank line came last."""

    __slots__ = ("blank", "blanks", "empty", "own", "trailing")

    def __init__(self, text: str, at_start: bool) -> None:
        first, *rest = text.split("\n")
        self.trailing = first.lstrip()
        self.own: list[tuple[bool, str]] = []
        self.blank = False
        self.blanks = self.empty = 0
        if at_start and self.trailing:
            self.own.append((False, self.trailing))
            self.trailing = ""
        for number, line in enumerate(rest, 1):
            comment = line.lstrip()
            if comment:
                self.own.append((self.blank, comment))
                self.blank = False
            elif number < len(rest):
                self.blank = True
                self.blanks += bool(line)
                self.empty += not line

    @property
    def commented(self) -> bool:
        return bool(self.trailing or self.own)


class Bracket:
    """A pair of brackets and the items between them; the whole text is one too, without the pair.

    An item is a list of parts: indices of tokens, and brackets.
    """

    __slots__ = ("closer", "flat", "items", "kind", "opener")

    def __init__(self, kind: str, opener: int) -> None:
        self.kind, self.opener, self.closer = kind, opener, -1
        self.items: list[Item] = []
        self.flat: str | None = None


Part = int | Bracket
Item = list[Part]


def first_token(part: Part) -> int:
    return part if isinstance(part, int) else part.opener


class Level:
    """What reading needs to know about the innermost open bracket."""

    __slots__ = ("bracket", "colons", "item")

    def __init__(self, bracket: Bracket) -> None:
        self.bracket = bracket
        self.item: Item | None = None
        self.colons: list[str] = []

    def add(self, part: Part) -> None:
        if self.item is None:
            self.item = []
            self.bracket.items.append(self.item)
        self.item.append(part)

    def end_item(self) -> None:
        self.item = None
        self.colons.clear()


class Brackets:
    """A text without syntax errors, as brackets. Raises LexicalError for one that has no tokens.

    `types`, `texts` and `spaced` tell of each token its type, its spelling, and whether a blank comes before it when
    it shares a line with the token before. Newlines are not tokens here, nor are commas between items. `gaps` has what
    stood before a token where that was more than blanks; `gaps[len(types)]` is the end of the text.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.types: list[str] = []
        self.texts: list[str] = []
        self.spaced: list[bool] = []
        self.gaps: dict[int, Gap] = {}
        self.comments = [0]  # how many gaps before a token, and before all earlier ones, hold comments
        self.tall = [0]  # how many earlier tokens take several lines or open a block
        self.root = Bracket(BODY, -1)
        self.levels = [Level(self.root)]
        self.indented_blanks = False
        self.read(Lexer(source).tokens())

    # Reading -------------------------------------------------------------------------------------------------------

    def read(self, tokens: list[Token]) -> None:
        text, end, between, previous = self.source.text, 0, "", ""
        for number, token in enumerate(tokens):
            kind = token.type
            level = self.levels[-1]
            if kind == "_NEWLINE":
                level.end_item()
                previous = kind
                continue
            between += text[end : token.start_pos]
            end = token.end_pos
            if kind == "COMMA" and level.bracket.kind in _ITEMISED:
                level.end_item()
                previous = kind
                continue
            following = tokens[number + 1].type if number + 1 < len(tokens) else ""
            if kind == "_DOCUMENT_SEPARATOR" or self.begins_attribute(tokens, number, previous, following):
                level.end_item()
                previous = ""
            self.note_gap(between)
            dash = not between and self.is_dash(tokens, number)
            self.add(token, "DASH" if dash else kind, previous)
            if kind == "_DOCUMENT_SEPARATOR":
                level.end_item()
            previous, between = kind, ""
        self.note_gap(between + text[end:])
        self.indented_blanks = self.blanks_are_indented()

    def begins_attribute(self, tokens: list[Token], number: int, previous: str, following: str) -> bool:
        """Whether an attribute begins at a token on the line of another one, with only blanks between."""
        if self.levels[-1].bracket.kind != BODY or previous not in _VALUE_ENDS:
            return False
        kind = tokens[number].type
        if kind == "BANG" and number + 2 < len(tokens):
            kind, following = following, tokens[number + 2].type
        return kind in ("NAME", "STRING") and following == "ASSIGN"

    def note_gap(self, text: str) -> None:
        index = len(self.types)
        commented = False
        if "\n" in text or "//" in text:
            gap = Gap(text, at_start=index == 0)
            self.gaps[index] = gap
            commented = gap.commented
            if len(self.levels) < 3:  # blank lines outside of any nested block are never indented
                gap.blanks = gap.empty = 0
        self.comments.append(self.comments[-1] + commented)

    def is_dash(self, tokens: list[Token], number: int) -> bool:
        """Whether a minus looks like part of a name, as in `$headers.X-Name`: it is one, but not meant as one."""
        if tokens[number].type != "MINUS" or number + 1 >= len(tokens):
            return False
        following = tokens[number + 1]
        return following.type == "NAME" and following.start_pos == tokens[number].end_pos

    def add(self, token: Token, kind: str, previous: str) -> None:
        index = len(self.types)
        level = self.levels[-1]
        text = self.spelling(token)
        if kind in CLOSERS:
            self.levels.pop()
            level.bracket.closer = index
            self.types.append(kind)
            self.spaced.append(False)
        else:
            if kind == "_COLON":
                kind = self.colon(level, previous)
            elif kind in SIGNS and previous not in _VALUE_ENDS:
                kind = "PREFIX"
            elif kind in ("QUESTION", "BETWEEN", "FILTER"):
                level.colons.append(kind)
            elif kind == "COMMA":
                level.colons.clear()
            self.spaced.append(self.needs_blank(kind, text, index, level.bracket.kind))
            self.types.append(kind)
            if kind in OPENERS:
                bracket = Bracket(CONTENTS[kind], index)
                level.add(bracket)
                self.levels.append(Level(bracket))
            else:
                level.add(index)
        self.texts.append(text)
        self.tall.append(self.tall[-1] + (kind in ("BODY_OPEN", "FIELDS_OPEN", "TEXT_BLOCK") or "\n" in text))

    def colon(self, level: Level, previous: str) -> str:
        """Which colon this is: after a key, of a ternary, or one that separates arguments or the ends of a range."""
        if previous == "KEY":
            return "KEY_COLON"
        if previous == "FILTER" or not level.colons or level.colons[-1] == "FILTER":
            return "TIGHT_COLON"
        return "TERNARY_COLON" if level.colons.pop() == "QUESTION" else "TIGHT_COLON"

    def needs_blank(self, kind: str, text: str, index: int, inside: str) -> bool:
        if index == 0:
            return False
        before = self.types[index - 1]
        if before == "NUMBER" and kind == "MEMBER":  # `2 .5` is a member of a number, `2.5` another number
            return text[1:2].isdigit()
        if before == "PREFIX" and text[:1] == "+" and self.texts[index - 1] == "+":
            return True  # `+ +x`, which is not `++`
        if before == "DEFAULT" and text[:1] == "=":
            return True  # `= =x`, which is not `==`
        if before == "QUESTION" and kind == "DEFAULT" and text[:1] == "=":
            return True  # `int? =5`, whose mark is not that of `?=`
        if before in ("FILTERS", "RAW_DEFAULT"):
            return True  # `filters=min:1 =5`, which is not an argument `1=5`; `a=b ?c`, which is not `a=b? c`
        if kind in _TIGHT_BEFORE or before in _TIGHT_AFTER:
            return False
        if kind == "QUESTION" and inside == FIELDS:
            return False
        return not (kind == "LPAR" and before == "CALL")

    def spelling(self, token: Token) -> str:
        kind, value = token.type, token.value
        if kind == "FILTER":
            return f"|{value}"
        if kind == "MEMBER":
            return f".{value}"
        if kind in ("WORD_OPERATOR", "BETWEEN", "DEFAULT"):
            return value
        if kind == "CAST":
            return f"!{value}"
        if kind == "VERB":
            return "verb="
        if kind == "FILTERS":
            value = value.strip()
            plain = _SIMPLE_FILTERS.fullmatch(value) and "pattern" not in value  # blanks of a pattern are its own
            return "filters=" + (_SEPARATORS.sub(r"\1", value) if plain else value)
        raw = self.source.text[token.start_pos : token.end_pos]
        if kind == "SIZE":
            return "".join(raw.split())
        return raw.rstrip() if kind == "_DOCUMENT_SEPARATOR" else raw

    def blanks_are_indented(self) -> bool:
        """Whether the author's blank lines inside nested blocks carry blanks, as those of exports do."""
        blanks = sum(gap.blanks for gap in self.gaps.values())
        return blanks > 0 and blanks >= sum(gap.empty for gap in self.gaps.values())

    # Questions -----------------------------------------------------------------------------------------------------

    def has_comment(self, first: int, last: int) -> bool:
        """Whether a comment stands between two tokens."""
        return self.comments[last + 1] > self.comments[first + 1]

    def is_tall(self, first: int, last: int) -> bool:
        """Whether a token from the first to the last takes several lines by itself."""
        return self.tall[last + 1] > self.tall[first]

    def starts_line(self, index: int) -> bool:
        """Whether the author began a line with this token."""
        return index in self.gaps

    def last_token(self, part: Part) -> int:
        return part if isinstance(part, int) else part.closer

    def flat(self, parts: Item) -> str:
        """The parts on one line, without their comments."""
        shown = []
        for number, part in enumerate(parts):
            if number and self.spaced[first_token(part)]:
                shown.append(" ")
            shown.append(self.texts[part] if isinstance(part, int) else self.flat_bracket(part))
        return "".join(shown)

    def flat_bracket(self, bracket: Bracket) -> str:
        if bracket.flat is None:
            inside = ", ".join(self.flat(item) for item in bracket.items)
            bracket.flat = f"{self.texts[bracket.opener]}{inside}{self.texts[bracket.closer]}"
        return bracket.flat

    def filters(self, parts: Item) -> list[int]:
        """Where the filters of a value begin among its parts; none when it is more than one filtered operand."""
        found = [number for number, part in enumerate(parts) if isinstance(part, int) and self.types[part] == "FILTER"]
        if not found or found[0] == 0:
            return []
        operand = parts[: found[0]]
        if any(isinstance(part, int) and self.spaced[part] for part in operand[1:]) or self.is_prefix(operand[0]):
            return []
        for number in found:  # a filter without arguments, then something that is not a filter: an operator's operand
            if number + 1 < len(parts):
                following = parts[number + 1]
                if not isinstance(following, int) or self.types[following] not in ("FILTER", "TIGHT_COLON"):
                    return []
        return found

    def is_prefix(self, part: Part) -> bool:
        return isinstance(part, int) and self.types[part] == "PREFIX"

    def loosest_operators(self, parts: Item) -> list[int]:
        """Where the loosest operators of an expression stand among its parts."""
        found = [
            (_LOOSENESS[self.types[part]], number)
            for number, part in enumerate(parts)
            if isinstance(part, int) and self.types[part] in _LOOSENESS
        ]
        loosest = min(found, default=(0, 0))[0]
        return [number for looseness, number in found if looseness == loosest]
