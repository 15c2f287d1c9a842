"""The grammar's tables, and the patterns of its terminals: part of the wheel, else kept in the cache.

Importing this module imports Lark, which takes time.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import sys
from collections.abc import Iterator
from functools import cache as remember
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsrun import cache

# Lark imports the package `regex` when it is there, for grammars with patterns that need it. This one has none, and
# the import takes longer than the rest of Lark's start-up. So nothing but this module imports Lark.
_without_regex = "regex" not in sys.modules
if _without_regex:
    sys.modules["regex"] = None  # type: ignore[assignment]
from lark import Lark, __version__  # noqa: E402
from lark.exceptions import UnexpectedToken as UnexpectedToken  # noqa: E402
from lark.lexer import Lexer  # noqa: E402

if _without_regex:
    del sys.modules["regex"]

if TYPE_CHECKING:
    from lark.common import LexerConf

    from xsrun.syntax.build import Builder


class ListLexer(Lexer):
    """Hands the tokens that this project's lexer has made to Lark."""

    __future_interface__ = 1

    def __init__(self, lexer_conf: LexerConf) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        return iter(lexer_state.text)


def grammar_path() -> Path:
    """The grammar: inside the package in a wheel, in the repository for an editable install."""
    packaged = Path(__file__).with_name("xanoscript.lark")
    return packaged if packaged.exists() else Path(__file__).parents[2] / "grammar" / "xanoscript.lark"


def packed() -> bytes:
    """What is made of the grammar, with the key that says what from: a file of the wheel (see `hatch_build.py`)."""
    grammar = grammar_path().read_text(encoding="utf-8")
    return _key(grammar).encode() + _build(grammar)


def load(actions: Builder) -> Lark:
    """Lark with the grammar's tables, calling `actions` (see `build.Builder`) as it parses.

    It is `Lark.load`, which itself has no way to pass a transformer on.
    """
    return Lark.__new__(Lark)._load(_stored()["tables"], transformer=actions)


def patterns() -> dict[str, str]:
    """The pattern of every terminal of the grammar, also of those that only the lexer looks for."""
    found: dict[str, str] = _stored()["patterns"]
    return found


@remember
def _stored() -> dict[str, Any]:
    """What the wheel has, if this grammar and this Lark made it, else what the cache has, else made anew."""
    grammar = grammar_path().read_text(encoding="utf-8")
    key = _key(grammar)
    packaged = Path(__file__).with_name("xanoscript.tables")
    if packaged.exists():
        stored = packaged.read_bytes()
        if stored.startswith(key.encode()):
            return _unpacked(stored[len(key) :])
    kept = cache.read("grammar", key)
    if kept is not None:
        return _unpacked(kept)
    made = _build(grammar)
    cache.write("grammar", key, made)
    return _unpacked(made)


def _key(grammar: str) -> str:
    return hashlib.sha256(f"{grammar}{__version__}".encode()).hexdigest()


def _build(grammar: str) -> bytes:
    """Tables and patterns, packed. Lark drops terminals that no rule names, unless it makes no parser."""
    starts = ["document", "fields", "expression"]
    saved = io.BytesIO()
    Lark(grammar, parser="lalr", lexer=ListLexer, start=starts).save(saved)
    terminals = Lark(grammar, parser=None, lexer="basic", start=starts, g_regex_flags=re.ASCII).terminals
    patterns = {terminal.name: terminal.pattern.to_regexp() for terminal in terminals}
    tables = pickle.loads(saved.getvalue())
    parser = tables["data"]["parser"]
    parser["parser"] = _in_one_order(parser["parser"])
    return pickle.dumps(_alike({"tables": tables, "patterns": patterns}, {}))


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


def _unpacked(stored: bytes) -> dict[str, Any]:
    found: dict[str, Any] = pickle.loads(stored)
    return found
