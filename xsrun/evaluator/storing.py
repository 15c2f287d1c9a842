"""Storing at one key or two below a variable, in line, where the variable owns the containers on the way."""

from __future__ import annotations

import ast

from xsrun.evaluator.changes import owner_name
from xsrun.evaluator.inference import INT, NATURAL, TEXT, Kind
from xsrun.evaluator.quasiquote import Part, statements
from xsrun.syntax.nodes import Located

_STORE = """
if O.root is V and TEST:
    V[K] = T
else:
    SLOW
"""
_STORE_IN_EITHER = """
if O.root is V and TEST:
    V[K] = T
elif O.root is V and V.__class__ is dict and K.__class__ is str:
    V[K] = T
else:
    SLOW
"""
_STORE_BELOW = """
if O.root is V and TEST and ((C := V[K]) is O.recent or O.holds(C, V)) and TEST_BELOW:
    C[J] = T
else:
    SLOW
"""


def store_in_line(
    root: str, keys: list[tuple[ast.expr, Kind]], item: ast.expr, child: str, slow: list[ast.stmt], at: Located
) -> list[ast.stmt]:
    """Store at one key, or two, in containers that the variable owns: without a call.

    Keys come with what they can be. `slow` is for everything else; `child` is a free name.
    """
    if len(keys) > 2:
        return slow
    key, kind = keys[0]
    parts: dict[str, Part] = {"V": f"v_{root}", "O": owner_name(root), "K": key, "T": item, "SLOW": slow}
    if len(keys) == 1:
        template = _STORE if kind.within(INT) or kind.within(TEXT) else _STORE_IN_EITHER
        return statements(template.replace("TEST", place_test("V", "K", kind)), at, **parts)
    below, kind_below = keys[1]
    there = " and K in V" if kind.within(TEXT) else ""
    template = _STORE_BELOW.replace("TEST_BELOW", place_test("C", "J", kind_below))
    template = template.replace("TEST", place_test("V", "K", kind) + there)
    return statements(template, at, J=below, C=child, **parts)


def place_test(container: str, key: str, kind: Kind) -> str:
    """The test that a key names a place in a container: of an object if it is a text, else of a list."""
    if kind.within(TEXT):
        return f"{container}.__class__ is dict"
    whole = "" if kind.within(INT) else f" and {key}.__class__ is int"
    start = "" if kind.within(NATURAL) else "0 <= "
    return f"{container}.__class__ is list{whole} and {start}{key} < len({container})"
