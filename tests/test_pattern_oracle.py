"""Regular expressions against PCRE2 itself: generated patterns and subjects, the same matches and groups.

`xsrun.filters.patterns` translates patterns for the package `regex`; `pcre2`, in the extra `dev` where there is a wheel
of it, is the library that the engine uses. What is refused must be refused by both, what matches must match alike.
Where they differ and stay different, the pattern stands in `DIFFERENCES` with the reason. The large run is marked slow.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xsrun.errors import LimitError, UnavailableError, XanoScriptError
from xsrun.filters.patterns import compile_pattern
from xsrun.values.conversion import to_bytes

pcre2 = pytest.importorskip("pcre2", reason="no wheel of pcre2 for this Python")

#: The modifiers that a pattern of PCRE2 can begin with; A and D are options without a spelling of their own.
INLINE = "imsxUJn"
#: Without its shortcuts: some of 10.47 lose matches, of `\\x{e9}*` in bytes, and of `\\p{^Nd}{0,2}\\P{Lu}\\p{L}`.
EVERY = pcre2.NOOPT
#: One or more matches: where the match and each group stand (-1, -1: no part in the match); None: refused.
Found = list[list[tuple[int, int]]] | None

#: Patterns that are read differently: pattern, subject, what PCRE2 finds, what xsrun finds, and the reason.
DIFFERENCES: list[tuple[str, str, Found, Found, str]] = [
    ("/a{,2}/", "a{,2}", [[(0, 1)], [(1, 1)], [(2, 2)], [(3, 3)], [(4, 4)], [(5, 5)]], [[(0, 5)]], "10.43 made it one"),
    ("/a{ 2 }/", "aa", [[(0, 2)]], [], "blanks in a quantifier came with 10.43"),
    ("/\\P{Lu}/i", "\u212a", [[(1, 2)], [(2, 3)]], [[(0, 1)], [(1, 2)], [(2, 3)]], "without u, i knows ASCII only"),
    ("/(?<=a+)b/", "aab", None, [[(2, 3)]], "lookbehinds of any length are accepted"),
]


def by_pcre2(pattern: str, subject: str) -> Found:
    """What PCRE2 makes of a pattern in slashes, called as PHP calls it."""
    body, _, modifiers = pattern[1:].rpartition("/")
    unicode = "u" in modifiers
    modes = "".join(one for one in INLINE if one in modifiers)
    body = f"(?{modes}){body}" if modes else body
    text: Any = subject if unicode else to_bytes(subject)
    try:
        compiled = pcre2.compile(
            body if unicode else to_bytes(body), EVERY | (pcre2.NOFLAG if unicode else pcre2.ASCII)
        )
    except pcre2.PatternError:
        return None
    return [[match.span(number) for number in range(compiled.groups + 1)] for match in compiled.finditer(text)]


def by_xsrun(pattern: str, subject: str) -> Found:
    try:
        compiled = compile_pattern(pattern)
    except UnavailableError:
        raise  # xsrun cannot do it, and says so
    except XanoScriptError:
        return None
    matches = chain.from_iterable(compiled.batches(subject))
    return [[match.span(number) for number in range(compiled.groups + 1)] for match in matches]


# Generated patterns --------------------------------------------------------------------------------------------------

LETTERS = "abAB01_- \n\tß\u00e9\u212a\u00a0"
ESCAPES = ["d", "D", "w", "W", "s", "S", "h", "H", "v", "V", "R", "N", "X", "t", "n", "x41", "xe9", "141"]
CLASSES = [
    *("a-c", "^a", "\\d_", "^\\W", "[:alpha:]", "[:^space:]b", "\\h-", "]a", "^]", "a\\-z", "\\x41-Z", "\\p{Greek}"),
    *("^\\p{Lu}_", "&&a", "--a", "\\Qa-\\E", "a-\\d", "z-a"),
]
GROUPS = [
    *(
        "(",
        "(?:",
        "(?>",
        "(?|",
        "(?=",
        "(?!",
        "(?<=",
        "(?<!",
        "(?<n>",
        "(?i)",
        "(?i:",
        "(?-s:",
        "(?(1)",
        "(?s)",
        "(?x:",
    ),
]
ANCHORS = ["^", "$", "\\b", "\\B", "\\A", "\\Z", "\\z", "\\G"]
COUNTS = ["*", "+", "?", "{2}", "{0,2}", "{1,}", "{x}", "{0}"]


@st.composite
def _atom(draw: st.DrawFn, depth: int) -> str:
    kind = draw(st.sampled_from("lllledcg" if depth else "lllledc"))
    if kind == "l":
        char = draw(st.sampled_from(LETTERS + ".#&~"))
        return "\\" + char if char in "." and draw(st.booleans()) else char
    if kind == "e":
        return "\\" + draw(st.sampled_from(ESCAPES))
    if kind == "d":
        return draw(
            st.sampled_from(
                ["\\1", "\\2", "\\g{-1}", "\\k<n>", "(?1)", "\\p{L}", "\\P{Lu}", "\\p{^Nd}", "\\p{Xsp}", "\\p{Greek}"]
            )
        )
    if kind == "c":
        return f"[{draw(st.sampled_from(CLASSES))}]"
    opening = draw(st.sampled_from(GROUPS))
    if opening in ("(?i)", "(?s)"):
        return opening
    if opening in ("(?<=", "(?<!"):
        return opening + draw(st.sampled_from(["a", "ab", "\\w", "[ab]", "^", "a|b", "\\n"])) + ")"
    return opening + draw(_pattern(depth - 1)) + ")"


@st.composite
def _piece(draw: st.DrawFn, depth: int) -> str:
    if draw(st.integers(0, 7)) == 0:
        return draw(st.sampled_from(ANCHORS))
    atom = draw(_atom(depth))
    if atom in ("(?i)", "(?s)") or draw(st.booleans()):
        return atom
    return atom + draw(st.sampled_from(COUNTS)) + draw(st.sampled_from(["", "", "?", "+"]))


@st.composite
def _pattern(draw: st.DrawFn, depth: int = 2) -> str:
    branches = draw(st.lists(st.lists(_piece(depth), max_size=4).map("".join), min_size=1, max_size=2))
    return "|".join(branches)


PATTERNS = st.tuples(_pattern(), st.lists(st.sampled_from(INLINE + "u"), unique=True, max_size=3).map("".join)).map(
    lambda parts: f"/{parts[0]}/{parts[1]}"
)
SUBJECTS = st.text(st.sampled_from(LETTERS), max_size=10)


def compare(pattern: str, subject: str) -> None:
    modifiers = pattern.rpartition("/")[2]
    assume("u" in modifiers or not ("{Lu}" in pattern and "i" in pattern))  # see DIFFERENCES
    try:
        seen, expected = by_xsrun(pattern, subject), by_pcre2(pattern, subject)
    except (LimitError, UnavailableError, pcre2.LibraryError):
        return  # one of the two stops, and says so
    assert seen == expected


@pytest.mark.parametrize(("pattern", "subject", "theirs", "ours", "reason"), DIFFERENCES)
def test_what_stays_different(pattern: str, subject: str, theirs: Found, ours: Found, reason: str) -> None:
    assert reason
    assert (by_pcre2(pattern, subject), by_xsrun(pattern, subject)) == (theirs, ours)


@pytest.mark.parametrize(
    ("pattern", "subject"),
    [
        ("/\\N{x}/", "ax"),
        ("/\\N{2}/", "ab"),
        ("/\\N{U+e9}/u", "é"),
        ("/\\N{U+e9}/", "é"),
        ("/\\p{L}/", "é1"),
        ("/[\\p{Lu}_]+/", "Ã_a"),
        ("/\\p{Greek}|x/", "xα"),
        ("/[^\\p{Greek}]/", "α"),
        ("/\\p{Xsp}/", "\x1c\x85\xa0 "),
        ("/\\s/u", "\x1c\x1f "),
        ("/\\p{Xsp}/u", "\x1c\x85\xa0\u2028 "),
        ("/\\P{Nope}/", "a"),
        ("/a+ +a/x", "aaa"),
        ("/a+ ?/x", "aaa"),
        ("/a+ # all\n +a/x", "aaa"),
        ("/a+ +/", "aaa"),
    ],
)
def test_what_was_found_by_comparing(pattern: str, subject: str) -> None:
    assert by_xsrun(pattern, subject) == by_pcre2(pattern, subject)


@given(PATTERNS, SUBJECTS)
@settings(max_examples=300)
def test_as_pcre2(pattern: str, subject: str) -> None:
    compare(pattern, subject)


@pytest.mark.slow
@given(PATTERNS, SUBJECTS)
@settings(max_examples=30_000)
def test_as_pcre2_at_length(pattern: str, subject: str) -> None:
    compare(pattern, subject)
