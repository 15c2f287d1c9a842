"""Comparing what an example gives with the value that the page states below it."""

from __future__ import annotations

from dataclasses import dataclass

from xsrun.names.places import ungrouped
from xsrun.syntax.nodes import Entry, Expression, ObjectLiteral
from xsrun.testing.doctest.expected import differences, read_data, read_value, same_in_any_order
from xsrun.testing.doctest.known_differences import OTHER_ORDER
from xsrun.testing.doctest.labels import labelled_below, sentence_below
from xsrun.testing.doctest.page import Block
from xsrun.values.conversion import Value


@dataclass(slots=True)
class Comparison:
    """What a comparison found: whether there was one, the differences, and why there was none."""

    compared: bool = False
    found: list[str] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a page states below a block: a value, or a text that does not read as one. `line` is 0 for a sentence."""

    value: Expression | None
    text: str = ""
    line: int = 0
    is_shape: bool = False


def stated_below(block: Block) -> Stated | None:
    """The result that a page states below a block, or None."""
    for below in labelled_below(block):
        if below.role in ("result", "shape"):
            value = read_data(below.text)
            if value is not None or not below.plain:
                return Stated(value, below.text.strip("\n"), below.line, below.role == "shape")
    sentence = sentence_below(block)
    value = read_value(sentence) if sentence is not None else None
    return Stated(value) if value is not None else None


def compare_below(block: Block, candidates: list[Value], variables: dict[str, Value] | None = None) -> Comparison:
    """Compare the values that a page may mean, and the variables of a list of statements, with what stands below.

    An object that names a variable is taken for an object of variables, of which it need not have all.
    """
    stated = stated_below(block)
    if stated is None:
        return Comparison()
    if stated.is_shape:
        return Comparison(note=f"line {stated.line} shows a shape, which is not compared")
    if stated.value is None:
        if any(stated.text == value for value in candidates):
            return Comparison(compared=True)
        return Comparison(note=f"line {stated.line} does not read as a value and is not compared")
    shown = _named(stated.value, variables) if variables else None
    choices = [*([shown] if shown is not None else []), *candidates]
    if not choices:
        return Comparison(note=f"no variable holds what {_place(stated)} says")
    found = [compared(stated.value, value) for value in choices]
    best = next((one for one in found if not one), found[0])
    return Comparison(True, [f"{_place(stated)}: {text}" for text in best])


def compared(expected: Expression, value: Value) -> list[str]:
    """How a value differs from what a page states, and a word when it is only the order of lists."""
    found = list(differences(expected, value))
    return [*found, OTHER_ORDER] if found and same_in_any_order(expected, value) else found


def _place(stated: Stated) -> str:
    return f"line {stated.line}" if stated.line else "the text below"


def _named(expected: Expression, variables: dict[str, Value]) -> dict[str, Value] | None:
    """The variables that an object names, or None when it names none of them."""
    expected = ungrouped(expected)
    entries = expected.entries if isinstance(expected, ObjectLiteral) else []
    named = {
        entry.key: variables[entry.key] for entry in entries if isinstance(entry, Entry) and entry.key in variables
    }
    return named or None
