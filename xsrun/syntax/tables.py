"""The grammar's tables, and the patterns of its terminals: part of the wheel, else kept in the cache.

Lark makes them from the grammar. It is imported for that alone: what is kept is plain data, which `lalr` reads.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import sys
from functools import cache as remember
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

from xsrun import cache

#: The form of what is kept; another one when `_build` makes something else.
FORM = 2
#: The texts that can be read.
STARTS = ["document", "fields", "expression"]


class RuleData(TypedDict):
    """A rule of the grammar.

    `kept` has the places of the symbols that leave something in the tree, and whether what a symbol left is put in
    there piece by piece; it is None when the children are all symbols as they are.
    """

    origin: str
    expansion: list[str]
    action: str  # the method of the builder, empty for what the rule above puts together
    single: bool  # an only child stands for itself
    kept: list[tuple[int, bool]] | None


class Stored(TypedDict):
    """What is made of the grammar.

    For each state of the parser, `actions` says what a terminal does there: shift to a state (its number) or reduce by
    a rule (the complement of its number); `gotos` says where a reduced symbol leads.
    """

    patterns: dict[str, str]
    rules: list[RuleData]
    actions: list[dict[str, int]]
    gotos: list[dict[str, int]]
    starts: dict[str, int]
    ends: dict[str, int]


def grammar_path() -> Path:
    """The grammar: inside the package in a wheel, in the repository for an editable install."""
    packaged = Path(__file__).with_name("xanoscript.lark")
    return packaged if packaged.exists() else Path(__file__).parents[2] / "grammar" / "xanoscript.lark"


def packed() -> bytes:
    """What is made of the grammar, with the key that says what from: a file of the wheel (see `hatch_build.py`)."""
    grammar = grammar_path().read_text(encoding="utf-8")
    return _key(grammar).encode() + _build(grammar)


def patterns() -> dict[str, str]:
    """The pattern of every terminal of the grammar, also of those that only the lexer looks for."""
    return stored()["patterns"]


@remember
def stored() -> Stored:
    """What the wheel has, if this grammar made it, else what the cache has, else made anew."""
    grammar = grammar_path().read_text(encoding="utf-8")
    key = _key(grammar)
    packaged = Path(__file__).with_name("xanoscript.tables")
    if packaged.exists():
        packed = packaged.read_bytes()
        if packed.startswith(key.encode()):
            return _unpacked(packed[len(key) :])
    kept = cache.read("grammar", key)
    if kept is not None:
        return _unpacked(kept)
    made = _build(grammar)
    cache.write("grammar", key, made)
    return _unpacked(made)


def _key(grammar: str) -> str:
    return hashlib.sha256(f"{grammar}{FORM}".encode()).hexdigest()


def _lark() -> ModuleType:
    """Lark, without the package `regex`, which it imports for patterns that need it; none here does."""
    known = sys.modules.get("regex")
    if known is None:
        sys.modules["regex"] = None  # type: ignore[assignment]
    try:
        import lark
    finally:
        if known is None:
            del sys.modules["regex"]
    return lark


def _build(grammar: str) -> bytes:
    """What is made of the grammar, packed. Lark drops terminals that no rule names, unless it makes no parser."""
    lark = _lark()
    saved = io.BytesIO()
    lark.Lark(grammar, parser="lalr", start=STARTS).save(saved)
    terminals = lark.Lark(grammar, parser=None, lexer="basic", start=STARTS, g_regex_flags=re.ASCII).terminals
    made = pickle.loads(saved.getvalue())
    rules = {number: rule for number, rule in made["memo"].items() if rule["__type__"] == "Rule"}
    table = _in_one_order(made["data"]["parser"]["parser"])
    numbers = {rule: number for number, rule in enumerate(rules)}
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for state in table["states"].values():
        named = [(table["tokens"][token], reduces, aim) for token, (reduces, aim) in state.items()]
        actions.append({name: ~numbers[aim["@"]] if reduces else aim for name, reduces, aim in named if name.isupper()})
        gotos.append({name: aim for name, _, aim in named if not name.isupper()})
    stored: Stored = {
        "patterns": {terminal.name: terminal.pattern.to_regexp() for terminal in terminals},
        "rules": [_rule(rule) for rule in rules.values()],
        "actions": actions,
        "gotos": gotos,
        "starts": table["start_states"],
        "ends": table["end_states"],
    }
    return pickle.dumps(_alike(stored, {}))


def _rule(rule: dict[str, Any]) -> RuleData:
    """A rule as Lark saves it, as it is kept here."""
    options, symbols = rule["options"], rule["expansion"]
    origin = str(rule["origin"]["name"])
    kept = [
        (place, symbol["name"].startswith("_"))
        for place, symbol in enumerate(symbols)
        if not symbol.get("filter_out", False)
    ]
    return {
        "origin": origin,
        "expansion": [str(symbol["name"]) for symbol in symbols],
        "action": "" if origin.startswith("_") else str(rule["alias"] or options["template_source"] or origin),
        "single": bool(options["expand1"]) and rule["alias"] is None,
        "kept": kept if len(kept) < len(symbols) or any(pieces for _, pieces in kept) else None,
    }


def _alike(value: Any, seen: dict[Any, Any]) -> Any:
    """A copy in which equal texts are one object, always: pickle writes what it has seen before in a shorter way."""
    if isinstance(value, dict):
        return {_alike(key, seen): _alike(member, seen) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_alike(member, seen) for member in value)
    return seen.setdefault(value, value) if isinstance(value, str) else value


def _in_one_order(table: dict[str, Any]) -> dict[str, Any]:
    """Lark's table with its states and tokens in an order that the grammar alone decides.

    Lark numbers states as a set happens to give them, which is another order in each process; a wheel should have the
    same bytes whenever it is built.
    """
    names, states = table["tokens"], table["states"]
    tokens = {name: number for number, name in enumerate(sorted(names.values()))}
    actions = {
        state: sorted((tokens[names[token]], action) for token, action in row.items()) for state, row in states.items()
    }
    order = {state: number for number, (_, state) in enumerate(sorted(table["start_states"].items()))}
    pending = list(order)
    for state in pending:
        for _, (reduces, aim) in actions[state]:
            if not reduces and aim not in order:
                order[aim] = len(order)
                pending.append(aim)
    renumbered = {
        order[state]: {token: (reduces, aim if reduces else order[aim]) for token, (reduces, aim) in actions[state]}
        for state in pending
    }
    return {
        **table,
        "tokens": dict(enumerate(tokens)),
        "states": renumbered,
        "start_states": {start: order[state] for start, state in sorted(table["start_states"].items())},
        "end_states": {start: order[state] for start, state in sorted(table["end_states"].items())},
    }


def _unpacked(stored: bytes) -> Stored:
    found: Stored = pickle.loads(stored)
    return found
