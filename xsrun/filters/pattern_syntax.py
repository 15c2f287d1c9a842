"""Translate the syntax of PHP's regular expressions (PCRE2) into that of the `regex` package.

The two agree on most things. Everything they read differently is rewritten here: `^ $ . \\Z \\z`, the modes m s x U n,
`\\Q..\\E`, escapes such as `\\h`, `\\R`, `\\x{..}` and octal ones, character classes (in `regex` they can be nested and
subtracted), named groups (numbered here), calls and references by name or relative number, and braces that are no
quantifier (in `regex` they would ask for fuzzy matching). Only the mode i is left to `regex`.

Without the modifier u a pattern is read byte by byte: the body is then given as Latin-1 text.
"""

from __future__ import annotations

import re

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.filters.pattern_classes import POSIX_CLASS, ClassReader
from xsrun.filters.pattern_escapes import LINE_ENDS, UNICODE_LINE_ENDS, character, read_escape, refused
from xsrun.hints import NamedTuple

#: PCRE2 refuses patterns whose compiled form passes 64 KiB; `regex` writes out counted repeats and needs a limit too.
MAX_WEIGHT = 65_535
MAX_DEPTH = 250

_SPECIAL = frozenset("\\.^$*+?{}[]|()-&~# ")
_QUANTIFIER = re.compile(r"\{(\d+)(,(\d*))?\}")
_INLINE_MODES = re.compile(r"\?(\^?[imsxnJU]*)(-[imsxnJU]*)?([:)])")
_NAME = re.compile(r"\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')", re.ASCII)
_CALL = re.compile(r"\?(?:(R|[+-]?\d+)|(?:P>|&)([A-Za-z_]\w*))\)", re.ASCII)
_CONDITION = re.compile(r"\?\((?:([+-]?\d+)|<(\w+)>|'(\w+)'|(\w+))\)", re.ASCII)
_LOOKAROUND = ("?=", "?!", "?<=", "?<!")
_OTHER_GROUPS = ("?:", "?>", *_LOOKAROUND)
_SUPPORTED_VERBS = {"F": "FAIL", "FAIL": "FAIL", "SKIP": "SKIP", "PRUNE": "PRUNE"}
_ESCAPED_REFERENCE = re.compile(r"(?:k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|g\{([+-]?\w+)\}|g([+-]?\d+))", re.ASCII)
_CODE_POINT = re.compile(r"\{U\+([0-9A-Fa-f]{1,8})\}")
_ESCAPED_CALL = re.compile(r"g(?:<([+-]?\w+)>|'([+-]?\w+)')", re.ASCII)


class Translation(NamedTuple):
    """A pattern in the syntax of `regex`; `names` are the groups' names by number."""

    text: str
    groups: int
    names: dict[int, str]
    recursive: bool


def translate(body: str, modes: frozenset[str], *, unicode: bool) -> Translation:
    """The body of a PHP pattern in the syntax of `regex` (its version 1 behaviour).

    Raises XanoScriptError for what PCRE2 refuses and UnavailableError for the few things `regex` cannot do.
    """
    first = _Translator(body, modes, unicode, None)
    first.run()
    if first.forward_references:  # they need the numbers and names of groups that come later
        second = _Translator(body, modes, unicode, first)
        second.run()
        return second.result()
    return first.result()


class _Frame(NamedTuple):
    """An open group: where it starts in the output, and what its end restores."""

    start: int
    modes: frozenset[str]
    branch_base: int | None  # (?| : the group number that every branch starts from
    branch_last: int


class _Translator:
    def __init__(self, body: str, modes: frozenset[str], unicode: bool, known: _Translator | None) -> None:
        self.body = body
        self.position = 0
        self.modes = modes
        self.unicode = unicode
        self.known = known
        self.output: list[str] = []
        self.weights: list[int] = []
        self.frames: list[_Frame] = []
        self.quantifiable = False
        self.groups = 0
        self.names: dict[str, int] = {}
        self.labels: dict[int, str] = {}
        self.forward_references = False
        self.recursive = False

    # The walk --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        body = self.body
        while True:
            self._skip_comments()
            if self.position >= len(body):
                break
            char = body[self.position]
            self.position += 1
            self._step(char)
        if self.frames:
            raise self._refused("missing closing parenthesis")
        if sum(self.weights) > MAX_WEIGHT:
            raise self._refused("regular expression is too large")

    def result(self) -> Translation:
        return Translation("".join(self.output), self.groups, self.labels, self.recursive)

    def _step(self, char: str) -> None:
        if char == "\\":
            self._escape()
        elif char == "[":
            if POSIX_CLASS.match(self.body, self.position - 1):
                raise self._refused("POSIX named classes are supported only within a class", back=1)
            text = ClassReader(self).read()
            self._atom(text, len(text))
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char == "|":
            self._alternative()
        elif char == ".":
            self._atom("(?s:.)" if "s" in self.modes else ".")
        elif char == "^":
            self._assertion(r"(?:\A|(?<=\n)(?!\Z))" if "m" in self.modes else r"\A")
        elif char == "$":
            self._assertion("(?m:$)" if "m" in self.modes else (r"\Z" if "D" in self.modes else "$"))
        elif char in "*+?" or (char == "{" and _QUANTIFIER.match(self.body, self.position - 1)):
            self._quantify(char)
        else:
            self._atom(literal(char))

    def _skip_comments(self) -> None:
        """Go over blanks and comments, where the mode x has them mean nothing."""
        body = self.body
        while "x" in self.modes and (char := body[self.position : self.position + 1]) and char in " \t\n\r\f\v#":
            end = body.find("\n", self.position) if char == "#" else self.position
            self.position = len(body) if end < 0 else end + 1

    def _push(self, text: str, weight: int = 1) -> None:
        self.output.append(text)
        self.weights.append(weight)

    def _atom(self, text: str, weight: int = 1) -> None:
        self._push(text, weight)
        self.quantifiable = True

    def _assertion(self, text: str) -> None:
        self._push(text)
        self.quantifiable = False

    def _alternative(self) -> None:
        self._assertion("|")
        if self.frames and self.frames[-1].branch_base is not None:
            frame = self.frames[-1]
            self.frames[-1] = frame._replace(branch_last=max(frame.branch_last, self.groups))
            self.groups = frame.branch_base or 0

    def _quantify(self, char: str) -> None:
        if not self.quantifiable:
            raise self._refused("quantifier does not follow a repeatable item", back=1)
        text, weight = char, 1
        if char == "{":
            match = _QUANTIFIER.match(self.body, self.position - 1)
            assert match is not None
            text, low, high = match.group(), _times(match.group(1)), _times(match.group(3) or match.group(1))
            self.position = match.end()
            if max(low, high) > 65_535:
                raise self._refused("number too big in {} quantifier")
            if match.group(3) and high < low:
                raise self._refused("numbers out of order in {} quantifier")
            weight = max(high, 1)
        self.weights[-1] *= weight
        if self.weights[-1] > MAX_WEIGHT:
            raise self._refused("regular expression is too large")
        self.output[-1] += text + self._greed()
        self.quantifiable = False

    def _greed(self) -> str:
        """The mark after a quantifier; the mode U swaps greedy and lazy."""
        self._skip_comments()
        mark = self.body[self.position : self.position + 1]
        if mark in ("?", "+") and mark:
            self.position += 1
        else:
            mark = ""
        return {"": "?", "?": "", "+": "+"}[mark] if "U" in self.modes else mark

    # Groups ----------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        body = self.body
        if len(self.frames) >= MAX_DEPTH:
            raise self._refused("parentheses are too deeply nested")
        if body.startswith("*", self.position):
            return self._verb()
        if not body.startswith("?", self.position):
            return self._enter("(?:") if "n" in self.modes else self._capture(None)
        if body.startswith("?#", self.position):
            end = body.find(")", self.position)
            if end < 0:
                raise self._refused("missing ) after (?# comment")
            self.position = end + 1
            return None
        for start in _OTHER_GROUPS:
            if body.startswith(start, self.position):
                self.position += len(start)
                return self._enter("(" + start)
        if body.startswith("?|", self.position):
            self.position += 2
            return self._enter("(?|", self.groups)
        return self._open_special()

    def _open_special(self) -> None:
        """The forms that need reading: names, references, calls, conditions, modes."""
        body = self.body
        if match := _NAME.match(body, self.position):
            self.position = match.end()
            return self._capture(match.group(1) or match.group(2))
        if body.startswith("?P=", self.position):
            end = body.find(")", self.position)
            name, self.position = body[self.position + 3 : end], end + 1
            return self._atom(rf"\g<{self._number(name)}>")
        if match := _CALL.match(body, self.position):
            self.position = match.end()
            return self._call(match.group(1) or match.group(2))
        if body.startswith("?(", self.position):
            return self._condition()
        if match := _INLINE_MODES.match(body, self.position):
            self.position = match.end()
            return self._change_modes(*match.groups())
        raise self._refused("unrecognized character after (? or (?-")

    def _enter(self, text: str, branch_base: int | None = None) -> None:
        self.frames.append(_Frame(len(self.output), self.modes, branch_base, self.groups))
        self._assertion(text)

    def _capture(self, name: str | None) -> None:
        self.groups += 1
        if name is not None:
            self.labels[self.groups] = name
            if name not in self.names:
                self.names[name] = self.groups
            elif "J" not in self.modes and not any(frame.branch_base is not None for frame in self.frames):
                raise self._refused("two named subpatterns have the same name (PCRE2_DUPNAMES not set)")
        self._enter("(")

    def _close(self) -> None:
        if not self.frames:
            raise self._refused("unmatched closing parenthesis", back=1)
        frame = self.frames.pop()
        text = "".join(self.output[frame.start :]) + ")"
        weight = sum(self.weights[frame.start :])
        del self.output[frame.start :]
        del self.weights[frame.start :]
        self.modes = frame.modes
        if frame.branch_base is not None:
            self.groups = max(frame.branch_last, self.groups)
        self._atom(text, weight)

    def _verb(self) -> None:
        end = self.body.find(")", self.position)
        verb = self.body[self.position + 1 : end]
        if verb not in _SUPPORTED_VERBS:
            raise UnavailableError(
                f"Regular expression: (*{verb}) is not supported by xsrun",
                hint="of the backtracking verbs only (*SKIP), (*PRUNE) and (*FAIL) are; write the pattern without it",
            )
        self.position = end + 1
        self._assertion(f"(*{_SUPPORTED_VERBS[verb]})")

    def _call(self, target: str) -> None:
        """`(?R)`, `(?1)`, `(?-1)`, `(?&name)`: match a group's pattern again."""
        self.recursive = True
        number = 0 if target in ("R", "0") else self._number(target)
        self._atom(f"(?{number})" if number else "(?R)")

    def _condition(self) -> None:
        if self.body.startswith(("?(?=", "?(?!", "?(?<"), self.position):
            self.position += 1
            return self._enter("(?")
        match = _CONDITION.match(self.body, self.position)
        if match is None:
            raise self._refused("malformed number or name after (?(")
        self.position = match.end()
        target = match.group(1) or match.group(2) or match.group(3) or match.group(4)
        if target == "DEFINE":
            return self._enter("(?(DEFINE)")
        if target.startswith("R") and match.group(4) and target not in self.names:
            raise UnavailableError("Regular expression: conditions on recursion, (?(R)...), are not supported by xsrun")
        return self._enter(f"(?({self._number(target)})")

    def _change_modes(self, on: str, off: str | None, end: str) -> None:
        modes = frozenset() if on.startswith("^") else self.modes & frozenset("msxUnJ")
        kept = self.modes - frozenset("msxUnJ")
        changed = (modes | frozenset(on.strip("^")) | kept) - frozenset((off or "").strip("-"))
        caseless = "(?i" if "i" in on else "(?-i" if "i" in (off or "") or on.startswith("^") else "(?"
        if end == ":":
            self._enter("(?:" if caseless == "(?" else caseless + ":")
            self.modes = changed - {"i"}
            return
        if caseless != "(?":
            self._assertion(caseless + ")")
        self.modes = changed - {"i"}

    def _number(self, target: str) -> int:
        """The number of a group named by number, relative number or name."""
        if re.fullmatch(r"[+-]\d+", target):
            number = self.groups + int(target) + (1 if target[0] == "-" else 0)
        elif target.isdecimal():
            number = int(target)
        else:
            number = self.names.get(target) or (self.known.names.get(target, 0) if self.known else 0)
        if number > self.groups or number < 1:
            self.forward_references = True
            if self.known is not None and not 1 <= number <= self.known.groups:
                raise self._refused("reference to non-existent subpattern")
        return number

    # Escapes ---------------------------------------------------------------------------------------------------------

    def _escape(self) -> None:
        body = self.body
        if self.position >= len(body):
            raise self._refused("\\ at end of pattern")
        if body[self.position] == "Q":
            return self._quoted()
        if body[self.position] == "E":
            self.position += 1
            return None
        if match := _ESCAPED_CALL.match(body, self.position):
            self.position = match.end()
            return self._call(match.group(1) or match.group(2))
        if match := _ESCAPED_REFERENCE.match(body, self.position):
            self.position = match.end()
            return self._atom(rf"\g<{self._number(next(filter(None, match.groups())))}>")
        if body[self.position] in "123456789":
            return self._numbered()
        char = body[self.position]
        if char in _ASSERTIONS:
            self.position += 1
            return self._assertion(_ASSERTIONS[char])
        if char in "RNX":
            self.position += 1
            return self._atom(self._line_or_cluster(char))
        single, text = read_escape(self)
        return self._atom(literal(single) if single is not None else text)

    def _line_or_cluster(self, char: str) -> str:
        if char == "N":
            return self._not_a_line_end()
        if char == "X":
            return r"\X" if self.unicode else "(?s:.)"
        return rf"(?>\r\n|[{UNICODE_LINE_ENDS if self.unicode else LINE_ENDS}])"

    def _not_a_line_end(self) -> str:
        """`\\N`; in braces behind it is a character's number, or a quantifier."""
        if match := _CODE_POINT.match(self.body, self.position) if self.unicode else None:
            self.position = match.end()
            return literal(character(self, int(match.group(1), 16)))
        if self.body.startswith("{", self.position) and not _QUANTIFIER.match(self.body, self.position):
            raise self._refused("\\N{name} is not supported")
        return r"[^\n]"

    def _quoted(self) -> None:
        end = self.body.find("\\E", self.position)
        stop = len(self.body) if end < 0 else end
        for char in self.body[self.position + 1 : stop]:
            self._atom(literal(char))
        self.position = min(stop + 2, len(self.body))

    def _numbered(self) -> None:
        """`\\1`: a reference up to 9 or where so many groups exist, otherwise an octal character."""
        digits = re.compile(r"\d+").match(self.body, self.position)
        assert digits is not None
        number = int(digits.group()[:6])
        groups = max(self.groups, self.known.groups if self.known else 0)
        if number < 10 or number <= groups:
            self.position = digits.end()
            return self._atom(rf"\g<{self._number(str(number))}>")
        self.forward_references = True
        octal = re.compile(r"[0-7]{1,3}").match(self.body, self.position)
        if octal is None:  # \8 and \9 with further digits
            raise self._refused("reference to non-existent subpattern")
        self.position = octal.end()
        return self._atom(literal(character(self, int(octal.group(), 8))))

    def _refused(self, problem: str, back: int = 0) -> XanoScriptError:
        return refused(f"{problem} at offset {self.position - back}")


_ASSERTIONS = {"A": r"\A", "G": r"\G", "K": r"\K", "Z": r"(?=\n?\Z)", "z": r"\Z", "b": r"\b", "B": r"\B"}


def literal(char: str) -> str:
    """A character that stands for itself in a pattern of `regex`."""
    return "\\" + char if char in _SPECIAL else char


def _times(digits: str) -> int:
    """How often a quantifier repeats; too often, whatever the number is, where it has more digits than PCRE takes."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < 6 else 99_999
