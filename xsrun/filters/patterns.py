"""Regular expressions as PHP's preg functions take them: delimiters, modifiers, and the matching itself.

Matching is done by the `regex` package on a translated pattern (`pattern_syntax`). As under PHP, a pattern without the
modifier u sees bytes: `.` is one byte, `\\w` and `i` know ASCII only. What remains different from PCRE2:

* a pattern that backtracks too much is stopped by the engine's time, not by a count of steps; `try_catch` cannot
  swallow that;
* `\\C`, `(*ACCEPT)`, `(*COMMIT)`, `(*THEN)`, `(*MARK)`, newline verbs and conditions on recursion are refused;
* lookbehinds of any length are accepted, PCRE2 wants a bounded one;
* without u, `\\p{Lu}` under the modifier i takes the other case of ASCII letters only;
* `{,2}` and `{ 2 }` are not quantifiers, as before PCRE2 10.43.

`Pattern` is all that the filters know of it; PCRE2 itself can take its place here when the package `pcre2` has wheels
for every Python. Until then it is what tests/test_pattern_oracle.py compares with.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from xsrun.errors import LimitError, XanoScriptError
from xsrun.filters.pattern_escapes import refused
from xsrun.filters.pattern_syntax import translate
from xsrun.hints import TYPE_CHECKING, Any, NamedTuple
from xsrun.values.conversion import Value, text_of_bytes, to_bytes

if TYPE_CHECKING:
    import regex

    Match = regex.Match[str] | regex.Match[bytes]

#: Seconds that matching may take. A pattern that calls itself may also eat memory while it runs, so it gets less.
TIMEOUT = 1.0
RECURSIVE_TIMEOUT = 0.25
#: As many characters or bytes of a text give it as much time once more. A pattern that goes through the text once takes
#: a tenth of it for them, one of many alternatives a half.
_MORE = 500_000
#: Matches that are looked for at a time.
_BATCH = 256
#: PCRE2 cannot compile longer patterns either.
MAX_PATTERN = 65_535

_MALFORMED = "Malformed UTF-8 characters, possibly incorrectly encoded"
_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_MODIFIERS = frozenset("imsxADSUXJun\n\r ")
_LEADING_VERBS = re.compile(r"(?:\(\*(?:UTF8?|UCP|NO_JIT|NO_START_OPT|NO_AUTO_POSSESS|LIMIT_\w+=\d+)\))+")


class Pattern(NamedTuple):
    """A compiled pattern: `names` are the names of groups by number, `unicode` whether it sees characters or bytes."""

    matcher: regex.Pattern[Any]
    groups: int
    names: dict[int, str]
    unicode: bool
    anchored: bool
    timeout: float

    def subject(self, value: Value) -> str | bytes:
        """The subject in the form the matcher takes."""
        if not self.unicode:
            return to_bytes(value)
        if isinstance(value, bytes):
            raise XanoScriptError(_MALFORMED)
        return str(value)

    def search(self, value: Value) -> Match | None:
        """The first match in a text, or None."""
        subject = self.subject(value)
        started = time.thread_time()
        try:
            return self.matcher.search(subject, timeout=self.timeout)
        except TimeoutError:
            matching = Matching(self, subject)
            matching.lengthen(time.thread_time() - started)
            return next(iter(matching.batch(1)), None)
        except MemoryError:
            raise _exhausted() from None

    def batches(self, value: Value) -> Iterator[list[Match]]:
        """Every match in a text, from left to right, in batches."""
        matching = Matching(self, self.subject(value))
        while batch := matching.batch(_BATCH):
            yield batch

    def text(self, part: str | bytes | None) -> Value:
        """A part of the subject as a value; a group that took no part in the match is ""."""
        return text_of_bytes(part) if isinstance(part, bytes) else part or ""


class Matching:
    """Goes through the matches of one text, and ends a search that tries too many ways.

    The clock of the engine counts all that the process does since the search began, on Windows all time that passes:
    the program's work between two matches and other threads too. So when it is over that is only the occasion to look
    at the time that this thread has spent in the engine, which alone has a limit. While there is some left, the search
    begins anew behind the last match, for twice as long when it has found nothing since.
    """

    def __init__(self, pattern: Pattern, subject: str | bytes) -> None:
        self.pattern, self.subject = pattern, subject
        #: seconds that the engine may still take, and for how many it searches at a time
        self.left = pattern.timeout * (1 + len(subject) / _MORE)
        self.slice = pattern.timeout
        #: where a search that begins anew begins, and whether an empty match there was found already
        self.position, self.empty = 0, False
        self.begin()

    def begin(self) -> None:
        self.found: Iterator[Match] = self.pattern.matcher.finditer(self.subject, self.position, timeout=self.slice)
        self.again, self.over = self.empty, False

    def batch(self, most: int) -> list[Match]:
        """The next matches, in their order; none when there are no more. Raises LimitError."""
        while True:
            batch: list[Match] = []
            self.collect(batch, most)
            whole = len(batch) == most
            if batch and self.again:  # the engine finds the empty match where it began anew a second time
                self.again = False
                if batch[0].span() == (self.position, self.position):
                    del batch[0]
            if batch:
                start, self.position = batch[-1].span()
                self.empty = start == self.position
            if self.over:
                self.begin()
            elif not (batch or whole or self.goes_on()):
                return batch
            if batch:
                return batch

    def collect(self, batch: list[Match], most: int) -> None:
        """Let the engine find matches, and count the time that it takes."""
        started = time.thread_time()
        try:
            for match in islice(self.found, most):
                batch.append(match)  # noqa: PERF402 - what was found before the time is over counts
        except TimeoutError:
            self.over = True
        except MemoryError:
            raise _exhausted() from None
        spent = time.thread_time() - started
        if self.over and not batch:
            self.lengthen(spent)
            return
        self.left -= spent
        if self.left < 0:
            raise _exhausted()

    def lengthen(self, spent: float) -> None:
        """A search has found nothing in its time, of which the engine has spent this: let it have more."""
        if spent > 0.8 * self.left:  # the two clocks do not tick alike
            raise _exhausted()
        self.slice *= 2

    def goes_on(self) -> bool:
        """PHP goes on one character after an empty match, even where the pattern is anchored (modifier A)."""
        if not (self.pattern.anchored and self.empty and self.position < len(self.subject)):
            return False
        self.position, self.empty = self.position + 1, False
        self.begin()
        return True


def _exhausted() -> LimitError:
    return LimitError(
        "Regular expression: backtrack limit exhausted",
        hint="the pattern tries too many ways to match; avoid repeats inside repeats, such as (a+)+",
    )


class Undelimited(XanoScriptError):
    """A pattern that does not stand in delimiters. What only looks for matches finds none (evidence G7)."""

    def __init__(self, problem: str) -> None:
        error = refused(problem)
        super().__init__(error.message, hint=error.hint)


def compile_pattern(value: str | bytes) -> Pattern:
    """The pattern that a text in delimiters stands for. Raises XanoScriptError when PHP would refuse it."""
    return _compile(value)


@lru_cache(maxsize=512)
def _compile(value: str | bytes) -> Pattern:
    import regex

    text = value.decode("latin-1") if isinstance(value, bytes) else value
    body, modifiers = _take_apart(text)
    unicode = "u" in modifiers
    if verbs := _LEADING_VERBS.match(body):
        unicode = unicode or "(*UTF" in verbs.group()
        body = body[verbs.end() :]
    if isinstance(value, bytes):
        if unicode:
            raise XanoScriptError(_MALFORMED)
    elif not unicode:
        body = to_bytes(body).decode("latin-1")
    if len(body) > MAX_PATTERN:
        raise refused("regular expression is too large")
    translated = translate(body, frozenset(modifiers), unicode=unicode)
    source = rf"\G(?:{translated.text})" if "A" in modifiers else translated.text
    flags = regex.V1 | (regex.IGNORECASE if "i" in modifiers else 0)
    try:
        # (?-f): PCRE2 folds one character to one, never "ß" to "ss"
        matcher = regex.compile("(?-f)" + source, flags) if unicode else regex.compile(source.encode("latin-1"), flags)
    except RecursionError:
        raise refused("parentheses are too deeply nested") from None
    except regex.error as error:
        raise refused(str(error)) from None
    except (OverflowError, ValueError, IndexError, KeyError, AttributeError):
        raise refused("it is not understood") from None
    timeout = RECURSIVE_TIMEOUT if translated.recursive else TIMEOUT
    return Pattern(matcher, translated.groups, translated.names, unicode, "A" in modifiers, timeout)


def _take_apart(text: str) -> tuple[str, set[str]]:
    """Split `/body/modifiers`. Any character but letters, digits, blanks and the backslash may be the delimiter."""
    text = text.lstrip(" \t\n\r\v\f")
    if not text:
        raise Undelimited("empty regular expression")
    start = text[0]
    if start.isalnum() or start in "\\\0":
        raise Undelimited("delimiter must not be alphanumeric, backslash, or NUL")
    end = _closing(text, start)
    if end < 0:
        matching = "matching " if start in _BRACKETS else ""
        raise Undelimited(f"no ending {matching}delimiter '{_BRACKETS.get(start, start)}' found")
    modifiers = set(text[end + 1 :])
    unknown = sorted(modifiers - _MODIFIERS)
    if unknown:
        raise refused(f"unknown modifier '{unknown[0]}'")
    return text[1:end], modifiers


def _closing(text: str, start: str) -> int:
    """Where the closing delimiter is, or -1; delimiters in pairs may nest, a backslash protects the next character."""
    closing = _BRACKETS.get(start, start)
    depth, position = 1, 1
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
        elif char == closing:
            depth -= 1
            if not depth:
                return position
        elif char == start:
            depth += 1
        position += 1
    return -1
