"""The classes of tokens are those of the grammar, and a mistake is told alike whatever tokens it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.fixes import apply_fixes
from xsrun.language import token_classes
from xsrun.syntax import lexer, token_reader
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.syntax.tables import RuleData, patterns, stored

#: A value for each token that a value can end with; those that can begin one are among them.
VALUES = {
    "STRING": '"s"',
    "NUMBER": "1",
    "TIMESTAMP": "2026-01-01 00:00:00+0000",
    "TRUE": "true",
    "FALSE": "false",
    "NULL": "null",
    "NOW": "now",
    "BACKTICK": "`$a`",
    "VARIABLE": "$a",
    "MEMBER": "$a.b",
    "RPAR": "(1)",
    "RSQB": "[1]",
    "RBRACE": "{}",
    "NAME": "word",
    "CALL": "math.add(1, 2)",
    "CAST": '!int "5"',
    "FILTER": '$a|get:"b"',
    "BANG": "!$a",
}
#: Words in a list that follow one another are one text (language 2.8).
WORDS = {"NAME", "TRUE", "FALSE", "NULL", "NOW"}


def edges(rules: Iterable[RuleData], start: str, end: int) -> set[str]:
    """The terminals that a rule can begin with (`end` 0) or end with (-1)."""
    found: set[str] = set()
    pending, seen = [start], {start}
    while pending:
        name = pending.pop()
        for rule in rules:
            if rule["origin"] == name:
                symbol = rule["expansion"][end]
                if symbol.isupper():
                    found.add(symbol)
                elif symbol not in seen:
                    seen.add(symbol)
                    pending.append(symbol)
    return found


def test_the_classes_are_those_of_the_grammar() -> None:
    rules = stored()["rules"]
    assert edges(rules, "primary", 0) == token_classes.VALUE_STARTS
    assert edges(rules, "ternary", 0) == token_classes.VALUE_STARTS | token_classes.SIGNS
    assert edges(rules, "_list_item", 0) == token_classes.ITEM_STARTS | token_classes.SIGNS
    assert edges(rules, "_list_item", -1) == token_classes.VALUE_ENDS
    names = {symbol for rule in rules for symbol in rule["expansion"]}
    for known in vars(token_classes).values():
        if isinstance(known, frozenset):
            assert known <= names


def test_the_lexer_reads_every_terminal_of_the_grammar() -> None:
    known = patterns()
    assert {symbol for rule in stored()["rules"] for symbol in rule["expansion"] if symbol.isupper()} <= set(known)
    text = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (lexer, token_reader))
    brackets = token_classes.OPENERS | token_classes.CLOSERS
    assert {name for name in known if f'"{name}"' not in text} <= brackets
    written = {name: known[name].removeprefix("\\") for name in brackets}
    partners = {written[opener]: token_classes.PARTNERS[written[opener]] for opener in token_classes.OPENERS}
    assert partners == token_classes.PARTNERS
    assert {written[closer]: closer for closer in token_classes.CLOSERS} == token_classes.CLOSING_TOKENS


def problems(text: str) -> list[Diagnostic]:
    return parser().parse(Source(text), "document").diagnostics


def found(value: str) -> list[Diagnostic]:
    return problems(f"var $x {{\n  value = {value}\n}}\ndebug.log {{ value = $x }}\n")


@pytest.mark.parametrize(("first", "second"), [*product(VALUES, ["STRING"]), *product(["STRING"], VALUES)])
def test_nothing_joins_two_values(first: str, second: str) -> None:
    both = f"{VALUES[first]} {VALUES[second]}"
    for frame in ("%s", "(%s)", "{k: %s}", "math.add(%s)", "$z|get:%s"):
        [problem] = found(frame % both)
        assert (problem.code, problem.fix) == ("XS119", None), frame
        assert problem.line == 2


@pytest.mark.parametrize(
    ("value", "code", "column"),
    [
        ("$a foo", "XS119", 14),
        ("foo bar", "XS119", 15),
        ("$a !$b", "XS119", 14),
        ('$a|get "b"', "XS114", 18),
        ("$a|get [1]", "XS114", 18),
        ("{k: 1 2}", "XS119", 17),
        ("{k: $a ...$b}", "XS119", 18),
        ("{k: $a !z: 1}", "XS119", 18),
        ("{a now}", "XS134", 14),
        ("$a + |trim", "XS109", 16),
        ("(..5)", "XS109", 12),
        ("(1 - * 2)", "XS109", 16),
        ("$a|get::1", "XS109", 18),
        ("{a: : 2}", "XS109", 15),
        ("|trim", "XS109", 11),
        ("$a ? : 2", "XS109", 16),
    ],
)
def test_what_stands_where_a_value_ends_or_is_missing(value: str, code: str, column: int) -> None:
    [problem] = found(value)
    assert (problem.code, problem.line, problem.column) == (code, 2, column)


def test_a_comma_that_may_be_wrong_is_not_offered() -> None:
    [problem] = found('[$a|get "b"]')
    assert (problem.code, problem.fix) == ("XS119", None)


@pytest.mark.parametrize("first", VALUES)
def test_a_comma_is_offered_between_items_and_entries(first: str) -> None:
    for second in VALUES:
        for frame in ["{k: %s z: %s}"] if {first, second} <= WORDS else ["{k: %s z: %s}", "[%s %s]"]:
            text = f"debug.log {{ value = {frame % (VALUES[first], VALUES[second])} }}\n"
            [problem] = problems(text)
            assert problem.code == "XS119"
            repaired, _ = apply_fixes(text, [problem])
            assert problems(repaired) == []
