"""Values that are evaluated once, tested, and worked on in line where the tests hold; a call does the rest.

That is most of what generated code is: `A + B` where both are ints and the sum fits 64 bits, else `add(A, B)`. The
letters A, B, C stand for the values, in the order in which they are evaluated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from xsrun.evaluator.quasiquote import Part, expression, is_simple
from xsrun.evaluator.state import CompilerState
from xsrun.syntax.nodes import Located

LETTERS = "ABC"
_MENTION = re.compile(r"\b[ABC]\b")
_SAME_CLASS = re.compile(r"([ABC])\.__class__ is ([ABC])\.__class__")


class Guarded:
    """Some values, and code for them that depends on tests."""

    def __init__(self, state: CompilerState, at: Located, *values: ast.expr) -> None:
        self.state = state
        self.at = at
        self.values = values
        #: the letters of values that cannot be written twice
        self.complex = [letter for letter, value in zip(LETTERS, values, strict=False) if not is_simple(value)]

    def code(self, fast: str, tests: Iterable[str], slow: Callable[..., ast.expr], **parts: Part) -> ast.expr:
        """`fast` where all tests hold, else what `slow` makes of the values; empty tests count for nothing.

        The values are evaluated once each, in order, before anything is decided. What else is part of the templates is
        given by its name.
        """
        asked = [test for test in tests if test]
        if not asked and _mentions(fast, self.complex) == self.complex:
            return expression(fast, self.at, **dict(zip(LETTERS, self.values, strict=False)), **parts)
        pairs = [self.state.simple(value, self.at) for value in self.values]
        named: dict[str, Part] = {letter: later for letter, (_, later) in zip(LETTERS, pairs, strict=False)}
        named |= {f"{letter}0": first for letter, (first, _) in zip(LETTERS, pairs, strict=False)}
        template = f"({fast}) if {' and '.join(self._evaluated(asked))} else SLOW"
        return expression(template, self.at, SLOW=slow(*(later for _, later in pairs)), **named, **parts)

    def _evaluated(self, tests: list[str]) -> list[str]:
        """The tests with the values evaluated in them, or in front of them where they come too late there."""
        bound = _bound_by(tests[0], self.complex) if tests else []
        before = self.complex[: len(self.complex) - len(bound)]
        if before + bound != self.complex:
            before, bound = self.complex, []
        first = tests[:1]
        for letter in bound:
            first = [re.sub(rf"\b{letter}\b", f"{letter}0", first[0], count=1)]
        return [*(f"{letter}0.__class__" for letter in before), *first, *tests[1:]]  # a class is true


def _mentions(template: str, letters: list[str]) -> list[str]:
    return [letter for letter in _MENTION.findall(template) if letter in letters]


def _bound_by(test: str, letters: list[str]) -> list[str]:
    """Those of some values that a test surely evaluates, in order: the first it mentions, or two compared by class."""
    pair = _SAME_CLASS.match(test)
    if pair is not None:
        return [letter for letter in pair.groups() if letter in letters]
    return _mentions(test, letters)[:1]
