"""Tokens to tree: a driver for the LALR tables that Lark makes of the grammar, calling the builder's actions.

Lark has a driver, too. This one takes half its time: with it a program is read in 0.62 of the time (2,224 public files,
both in turns), and Lark, whose import takes as long as reading 400 lines, is needed only where tables are made. What it
saves is the ladder of operators: a value climbs ten rules that change nothing, `ternary` down to `primary`, in one
step (`_Ladder`), and a rule's children are taken as they lie.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.hints import Any
from xsrun.language.token_classes import BODY, FIELDS, PAREN
from xsrun.syntax import tables
from xsrun.syntax.build import Builder
from xsrun.syntax.lexer import Lexer
from xsrun.syntax.nodes import Document, Expression
from xsrun.syntax.parsed import Start
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import LexicalError, Token
from xsrun.syntax.unexpected import unexpected

#: How the lexer begins to read what a text may be.
CONTEXTS = {"document": BODY, "fields": FIELDS, "expression": PAREN}
#: The terminal after the last token.
END = "$END"

#: What a rule makes of its children: tokens, nodes, or lists of them.
Make = Callable[[list[Any]], Any]
#: Symbols of the rule, where it leads, and what makes its value.
Reduction = tuple[int, str, Make]


class _Ladder(dict[int, int]):
    """Rules of one symbol whose value is the symbol's, one after another: state below -> state that they end in."""

    def __init__(self, origin: str, terminal: str, lalr: Lalr) -> None:
        super().__init__()
        self.origin, self.terminal, self.lalr = origin, terminal, lalr

    def __missing__(self, below: int) -> int:
        state = self.lalr.gotos[below][self.origin]
        following = self.lalr.actions[state].get(self.terminal)
        if isinstance(following, _Ladder):
            state = following[below]
        self[below] = state
        return state


#: What a terminal does in a state: shift to another, reduce, or climb.
Action = int | Reduction | _Ladder


class Lalr:
    """The parser of texts without mistakes; `recovery` repairs the others until they are."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.builder.parse_region = self.parse_region
        stored = tables.stored()
        self.gotos, self.starts, self.ends = stored["gotos"], stored["starts"], stored["ends"]
        reductions = [self.reduction(rule) for rule in stored["rules"]]
        self.actions: list[dict[str, Action]] = [
            {terminal: self.action(terminal, aim, reductions) for terminal, aim in row.items()}
            for row in stored["actions"]
        ]

    def action(self, terminal: str, aim: int, reductions: list[Reduction | str]) -> Action:
        if aim >= 0:
            return aim
        reduction = reductions[~aim]
        return _Ladder(reduction, terminal, self) if isinstance(reduction, str) else reduction

    def reduction(self, rule: tables.RuleData) -> Reduction | str:
        """What a rule does; of one that only passes its symbol's value on, the rule's name."""
        size, kept = len(rule["expansion"]), rule["kept"]
        if rule["single"] and size == 1 and kept is None:
            return rule["origin"]
        make: Make = getattr(self.builder, rule["action"]) if rule["action"] else _as_it_is
        if rule["single"]:
            make = _or_single(make)
        return size, rule["origin"], make if kept is None else _of_kept(make, kept)

    def begin(self, source: Source) -> None:
        """Forget what was noted of the text before."""
        self.builder.source, self.builder.problems, self.builder.notes = source, [], []

    def parse(self, tokens: list[Token], start: Start) -> Document | Expression:
        """The tree of tokens. Raises LexicalError at the first that fits nowhere."""
        index, expected, tree = self.attempt(tokens, start)
        if tree is None:
            raise LexicalError(unexpected(self.builder.source, tokens, index, expected))
        return tree

    def attempt(self, tokens: list[Token], start: Start) -> tuple[int, set[str], Document | Expression | None]:
        """Parse tokens. When one fits nowhere, the tree is None: its place (their number for the end of the text), and
        the terminals that would fit there."""
        actions, gotos = self.actions, self.gotos
        states: list[int] = [self.starts[start]]
        values: list[Any] = []
        end = self.ends[start]
        for index, token in enumerate([*tokens, None]):
            terminal = END if token is None else token.type
            action = actions[states[-1]].get(terminal)
            while not isinstance(action, int):
                if isinstance(action, _Ladder):
                    states[-1] = action[states[-2]]
                elif action is None:
                    return index, self.fitting(states, start), None
                else:
                    size, origin, make = action
                    if size:
                        children = values[-size:]
                        del states[-size:], values[-size:]
                    else:
                        children = []
                    values.append(make(children))
                    states.append(gotos[states[-1]][origin])
                    if token is None and states[-1] == end:
                        return index, set(), values[-1]
                action = actions[states[-1]].get(terminal)
            states.append(action)
            values.append(token)
        raise AssertionError("the end of the text is not shifted")

    def fitting(self, states: list[int], start: Start) -> set[str]:
        """The terminals that fit after what was read."""
        return {terminal for terminal in self.actions[states[-1]] if self.fits(states, start, terminal)}

    def fits(self, states: list[int], start: Start, terminal: str) -> bool:
        """Whether the rules that a terminal reduces by lead to a state that takes it."""
        states = states.copy()
        while not isinstance(action := self.actions[states[-1]].get(terminal), int):
            if action is None:
                return False
            if isinstance(action, _Ladder):
                states[-1] = action[states[-2]]
                continue
            size, origin, _ = action
            del states[len(states) - size :]
            states.append(self.gotos[states[-1]][origin])
            if terminal == END and states[-1] == self.ends[start]:
                return True
        return True

    def parse_region(self, start: int, end: int) -> Expression:
        """Parse the expression between two offsets of the text at hand: the inside of backticks."""
        tokens = Lexer(self.builder.source, PAREN, start, end).tokens()
        expression = self.parse(tokens, "expression")
        assert isinstance(expression, Expression)
        return expression


def _as_it_is(children: list[Any]) -> list[Any]:
    """What the rule above takes piece by piece."""
    return children


def _or_single(make: Make) -> Make:
    return lambda children: children[0] if len(children) == 1 else make(children)


def _of_kept(make: Make, kept: list[tuple[int, bool]]) -> Make:
    """Make something of some children only, of some of their pieces (see `tables.RuleData`)."""
    if not any(pieces for _, pieces in kept):
        places = [place for place, _ in kept]
        return lambda children: make([children[place] for place in places])

    def gather(children: list[Any]) -> Any:
        found: list[Any] = []
        for place, pieces in kept:
            if not pieces:
                found.append(children[place])
            elif found:
                found += children[place]
            else:  # nobody else holds it: a list of a thousand items grows in place
                found = children[place]
        return make(found)

    return gather
