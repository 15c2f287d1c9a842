"""How long the engine of regular expressions may take: for its own work alone, and longer for a longer text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.errors import LimitError
from xsrun.filters import patterns
from xsrun.filters.patterns import compile_pattern

ATOMS = ["a", "b", ".", "", "(?=a)", "(?<=a)", "(?<!ab)", r"\b", "^", "$", r"\G", "(a|)", "(|b)", "a*?", r"a\Kb"]


class Hasty:
    """A matcher whose time is always over when it has found some matches."""

    def __init__(self, matcher: Any, matches: int, searches: list[float]) -> None:
        self.matcher, self.matches, self.searches = matcher, matches, searches

    def finditer(self, subject: Any, start: int, timeout: float) -> Iterator[Any]:
        self.searches.append(timeout)
        for number, match in enumerate(self.matcher.finditer(subject, start)):
            if number == self.matches:
                raise TimeoutError
            yield match

    def search(self, subject: Any, timeout: float) -> Any:
        raise TimeoutError


def spans(pattern: Any, text: str) -> list[tuple[int, int]]:
    return [match.span() for match in chain.from_iterable(pattern.batches(text))]


@given(
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3).map("".join),
    st.sampled_from(["", "u", "A", "m"]),
    st.text(st.sampled_from("ab \né"), max_size=9),
)
def test_a_search_that_begins_anew_finds_the_same(body: str, modifiers: str, text: str) -> None:
    pattern = compile_pattern(f"/{body}/{modifiers}")
    for matches in (2, 3):  # of which one may be found a second time
        hasty = pattern._replace(matcher=Hasty(pattern.matcher, matches, []))
        assert spans(hasty, text) == spans(pattern, text)
    first = hasty.search(text)
    assert (first and first.span()) == (spans(pattern, text) or [None])[0]


def test_only_the_time_of_the_engine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock may have gone on because of the program's own loop, other threads, or other programs."""
    clock = iter(range(10**9))
    monkeypatch.setattr(patterns.time, "thread_time", lambda: next(clock) / 1e6)
    pattern, searches = compile_pattern("/a/"), list[float]()
    hasty = pattern._replace(matcher=Hasty(pattern.matcher, 1, searches))
    assert len(spans(hasty, "a" * 1_000)) == 1_000
    assert set(searches) == {patterns.TIMEOUT}


@pytest.mark.parametrize("text", ["a", "a" * 3 * patterns._MORE])
def test_an_engine_that_finds_nothing_is_stopped(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of 1,500,000 characters gives it four times as long; each search may take longer than the one before."""
    moment, searches = [0.0], list[float]()

    class Endless(Hasty):
        def finditer(self, subject: Any, start: int, timeout: float) -> Iterator[Any]:
            searches.append(timeout)
            moment[0] += timeout / 2  # the rest went to another thread
            raise TimeoutError
            yield

    monkeypatch.setattr(patterns.time, "thread_time", lambda: moment[0])
    pattern = compile_pattern("/b/")
    with pytest.raises(LimitError, match="backtrack limit"):
        spans(pattern._replace(matcher=Endless(pattern.matcher, 0, [])), text)
    assert searches == ([1, 2] if len(text) == 1 else [1, 2, 4, 8])


def test_what_the_matches_take_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**9))
    monkeypatch.setattr(patterns.time, "thread_time", lambda: next(clock) / 10)
    pattern = compile_pattern("/a/")
    assert len(spans(pattern, "a" * 9 * patterns._BATCH)) == 9 * patterns._BATCH
    with pytest.raises(LimitError, match="backtrack limit"):
        spans(pattern, "a" * 20 * patterns._BATCH)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"/[a-z]+/"|regex_replace:"x":$text|strlen', 11 * 136_000),
        ('"/(beta), (\\\\d+)/iu"|regex_replace:"$2 $1":$text|strlen', 21 * 136_000),
        ('"/[a-z]+/"|regex_get_all_matches:$text|first|count', 3 * 136_000),
    ],
)
def test_a_text_of_three_megabytes(expression: str, expected: int) -> None:
    assert xsrun.evaluate(expression, {"text": "alpha beta, 17 gamma. " * 136_000}) == expected
