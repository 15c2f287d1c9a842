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
        last = max((position for position, value in enumerate(values) if not is_simple(value)), default=0)
        #: the letters of values that are to be evaluated before anything else happens: those that cannot be written
        #: twice, and names of variables that may be unset before one of them
        self.evaluated = [
            letter
            for position, (letter, value) in enumerate(zip(LETTERS, values, strict=False))
            if not is_simple(value) or (position < last and self._may_be_unset(value))
        ]

    def code(
        self, fast: str | Callable[..., ast.expr], tests: Iterable[str], slow: Callable[..., ast.expr], **parts: Part
    ) -> ast.expr:
        """`fast` where all tests hold, else what `slow` makes of the values; empty tests count for nothing.

        `fast` is a template, in which SLOW stands for that call, or makes its code of the values as `slow` does.

        The values are evaluated once each, in order, before anything is decided. What else is part of the templates is
        given by its name.
        """
        asked = [test for test in tests if test]
        if isinstance(fast, str) and not asked and _mentions(fast, self.evaluated) == self.evaluated:
            if "SLOW" in fast:
                parts["SLOW"] = slow(*self.values)
            return expression(fast, self.at, **dict(zip(LETTERS, self.values, strict=False)), **parts)
        pairs = [self.state.simple(value, self.at) for value in self.values]
        named: dict[str, Part] = {letter: after for letter, (_, after) in zip(LETTERS, pairs, strict=False)}
        named |= {f"{letter}0": first for letter, (first, _) in zip(LETTERS, pairs, strict=False)}
        later = [after for _, after in pairs]
        if not isinstance(fast, str):
            named["FAST"] = fast(*later)
        choice = fast if isinstance(fast, str) else "FAST"
        template = f"({choice}) if {' and '.join(self._evaluated(asked))} else SLOW"
        return expression(template, self.at, SLOW=slow(*later), **named, **parts)

    def _may_be_unset(self, value: ast.expr) -> bool:
        """Is a value the name of a variable that may have none here? Reading it raises then."""
        if not isinstance(value, ast.Name) or not value.id.startswith("v_"):
            return False
        return value.id.removeprefix("v_") not in self.state.scope.assigned

    def _evaluated(self, tests: list[str]) -> list[str]:
        """The tests with the values evaluated in them, or in front of them where they come too late there."""
        bound = _bound_by(tests[0], self.evaluated) if tests else []
        before = self.evaluated[: len(self.evaluated) - len(bound)]
        if before + bound != self.evaluated:
            before, bound = self.evaluated, []
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
