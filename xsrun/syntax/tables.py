"""The grammar's tables, built by Lark: part of the wheel, else kept in the cache.

Importing this module imports Lark, which takes time.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsrun import cache

# Lark imports the package `regex` when it is there, for grammars with patterns that need it. This one has none, and
# the import takes longer than the rest of Lark's start-up.
_without_regex = "regex" not in sys.modules
if _without_regex:
    sys.modules["regex"] = None  # type: ignore[assignment]
from lark import Lark, __version__  # noqa: E402
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
    """The tables with the key that says what they were made from: a file of the wheel (see `hatch_build.py`)."""
    grammar = grammar_path().read_text(encoding="utf-8")
    return _key(grammar).encode() + _build(grammar)


def load(actions: Builder) -> Lark:
    """Lark with the grammar's tables, calling `actions` (see `build.Builder`) as it parses.

    The tables are those of the wheel if this grammar and this Lark made them, else those of the cache, else new ones.
    """
    grammar = grammar_path().read_text(encoding="utf-8")
    key = _key(grammar)
    packaged = Path(__file__).with_name("xanoscript.tables")
    if packaged.exists():
        stored = packaged.read_bytes()
        if stored.startswith(key.encode()):
            return _restore(stored[len(key) :], actions)
    kept = cache.read("grammar", key)
    if kept is not None:
        try:
            return _restore(kept, actions)
        except Exception as error:  # a damaged cache is no reason to fail: the tables are built anew
            cache.discard("grammar", key, error)
    made = _build(grammar)
    cache.write("grammar", key, made)
    return _restore(made, actions)


def _key(grammar: str) -> str:
    return hashlib.sha256(f"{grammar}{__version__}".encode()).hexdigest()


def _build(grammar: str) -> bytes:
    buffer = io.BytesIO()
    Lark(grammar, parser="lalr", lexer=ListLexer, start=["document", "fields", "expression"]).save(buffer)
    return buffer.getvalue()


def _restore(stored: bytes, actions: Builder) -> Lark:
    """`Lark.load`, which itself has no way to pass a transformer on."""
    return Lark.__new__(Lark)._load(io.BytesIO(stored), transformer=actions)
