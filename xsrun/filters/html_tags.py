"""The filter `strip_html`: PHP's strip_tags, which reads markup with a small state machine of its own.

It is not an HTML parser, and programs see the difference: `a < b` keeps its sign because a blank follows, `a <b` loses
everything after it, and quotes inside a tag protect `>`.
"""

from __future__ import annotations

import re

from xsrun.registry import filter
from xsrun.values.characters import characters, value_of
from xsrun.values.conversion import Value

_BLANKS = " \t\n\r\v\f"


@filter("strip_html", elementwise=True)
def strip_html(value: str, exclude: str | None = None) -> Value:
    """A text without its HTML tags, comments and PHP code. `exclude` lists tags to keep, as in `"<b><i>"`.

    >>> "<p>Hello <b>you</b></p>"|strip_html
    "Hello you"
    >>> "<p>Hello <b>you</b></p>"|strip_html:"<b>"
    "Hello <b>you</b>"
    """
    return value_of(_Stripper(characters(value), characters(exclude or "").lower()).run())


class _Stripper:
    """The states: outside, inside a tag, inside `<?`, inside `<!`, inside a comment. Each reads up to its end."""

    def __init__(self, text: str, allowed: str) -> None:
        self.text = text
        self.allowed = allowed
        self.output: list[str] = []
        self.tag: list[str] = []
        self.depth = 0
        self.quote = ""
        self.xml = False
        self.last = ""  # in PHP code: the last quote or brace
        self.braces = 0
        self.position = 0

    def run(self) -> str:
        states = {
            "outside": self._outside,
            "inside": self._inside,
            "code": self._code,
            "declaration": self._declaration,
            "comment": self._comment,
        }
        state = "outside"
        while self.position < len(self.text):
            state = states[state]()
        return "".join(self.output)

    def _next(self, wanted: re.Pattern[str]) -> tuple[str, str]:
        """The text up to the next character that matters, and that character ("" at the end)."""
        found = wanted.search(self.text, self.position)
        stop = found.start() if found else len(self.text)
        before = self.text[self.position : stop]
        self.position = stop + 1
        return before, self.text[stop : stop + 1]

    def _before(self, count: int) -> str:
        """The character `count` places before the one just read."""
        at = self.position - 1 - count
        return self.text[at] if at >= 0 else ""

    def _toggle(self, char: str) -> None:
        if not self.quote:
            self.quote = char
        elif self.quote == char:
            self.quote = ""

    def _closes(self) -> bool:
        """Whether the `>` just read ends the state: it may close a nested `<` or stand in quotes instead."""
        if self.depth:
            self.depth -= 1
            return False
        return not self.quote

    def _leave(self) -> str:
        self.quote = ""
        self.tag = []
        return "outside"

    def _outside(self) -> str:
        while self.position < len(self.text):
            before, char = self._next(_OUTSIDE)
            self.output.append(before)
            if char == "<":
                if self.text[self.position : self.position + 1] in _BLANKS and self.position < len(self.text):
                    self.output.append(char)
                    continue
                self.tag = ["<"]
                return "inside"
            if char == ">":
                if self.depth:
                    self.depth -= 1
                else:
                    self.output.append(char)
        return "outside"

    def _inside(self) -> str:
        while self.position < len(self.text):
            before, char = self._next(_INSIDE)
            self.tag.append(before)
            if char == "<":
                if not self.quote:
                    if self.text[self.position : self.position + 1] in _BLANKS and self.position < len(self.text):
                        self.tag.append(char)
                    else:
                        self.depth += 1
            elif char == ">":
                if self._closes() and not (self.xml and self._before(1) == "-"):
                    self.xml = False
                    self.tag.append(char)
                    if self.allowed and _name_of("".join(self.tag)) in self.allowed:
                        self.output += self.tag
                    return self._leave()
            elif char in "\"'":
                self._toggle(char)
                self.tag.append(char)
            elif char in "!?" and self._before(1) == "<":
                self.last = char
                self.braces = 0
                return "declaration" if char == "!" else "code"
            elif char != "\0":
                self.tag.append(char)
        return "inside"

    def _code(self) -> str:
        while self.position < len(self.text):
            _, char = self._next(_CODE)
            if char in "()":
                if self.last not in ('"', "'"):
                    self.last = char
                    self.braces += 1 if char == "(" else -1
            elif char == ">":
                if self._closes() and not self.braces and self.last != '"' and self._before(1) == "?":
                    return self._leave()
            elif char in "\"'":
                if self._before(1) != "\\":
                    self.last = "" if self.last == char else char if self.last != "\\" else self.last
                    self._toggle(char)
            elif (self._before(2) + self._before(1)).lower() == "xm" and self._before(3) == "?" and self.position > 5:
                self.xml = True  # "<?xml" is not PHP code
                return "inside"
        return "code"

    def _declaration(self) -> str:
        while self.position < len(self.text):
            _, char = self._next(_DECLARATION)
            if char == ">":
                if self._closes():
                    return self._leave()
            elif char == "-":
                if self._before(1) == "-" and self._before(2) == "!":
                    return "comment"
            elif char in "\"'":
                if self._before(1) != "\\":
                    self._toggle(char)
            elif self.text[max(self.position - 8, 0) : self.position - 1].lower() == "!doctyp" and self.position > 8:
                return "inside"
        return "declaration"

    def _comment(self) -> str:
        while self.position < len(self.text):
            _, char = self._next(_COMMENT)
            if char and not self.quote and self._before(1) == "-" and self._before(2) == "-":
                return self._leave()
        return "comment"


_OUTSIDE = re.compile(r"[<>\0]")
_INSIDE = re.compile(r"[<>\"'!?\0]")
_CODE = re.compile(r"[()>\"'lL]")
_DECLARATION = re.compile(r"[>\"'\-eE]")
_COMMENT = re.compile(">")
_FIRST_WORD = re.compile(r"<(\s*)([^\s>]*)(.)", re.DOTALL)


def _name_of(tag: str) -> str:
    """A tag as the list of allowed ones spells it: `<B class="x">` and `</b>` are `<b>`."""
    match = _FIRST_WORD.match(tag)
    if match is None:
        return ""
    blanks, name, after = match.groups()
    if not blanks:
        name = name.removeprefix("/")
    if after == ">":
        name = name.removesuffix("/")
    return f"<{name.lower()}>"
