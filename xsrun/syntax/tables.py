"""The grammar's tables, built by Lark and kept in the cache. Importing this module imports Lark, which takes time."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class ListLexer(Lexer):
    """Hands the tokens that this project's lexer has made to Lark."""

    __future_interface__ = 1

    def __init__(self, lexer_conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        return iter(lexer_state.text)


def grammar_path() -> Path:
    """The grammar: inside the package in a wheel, in the repository for an editable install."""
    packaged = Path(__file__).with_name("xanoscript.lark")
    return packaged if packaged.exists() else Path(__file__).parents[2] / "grammar" / "xanoscript.lark"


def load(actions: Any) -> Lark:
    """Lark with the grammar's tables, calling `actions` (see `build.Builder`) as it parses."""
    grammar = grammar_path().read_text(encoding="utf-8")
    key = hashlib.sha256(f"{grammar}{__version__}{sys.version}".encode()).hexdigest()
    stored = cache.read("grammar", key)
    if stored is not None:
        try:
            return _restore(stored, actions)
        except Exception as error:  # a damaged cache is no reason to fail: the tables are built anew
            cache.discard("grammar", key, error)
    options: dict[str, Any] = {"parser": "lalr", "lexer": ListLexer, "start": ["document", "fields", "expression"]}
    buffer = io.BytesIO()
    Lark(grammar, **options).save(buffer)
    cache.write("grammar", key, buffer.getvalue())
    return _restore(buffer.getvalue(), actions)


def _restore(stored: bytes, actions: Any) -> Lark:
    """`Lark.load`, which itself has no way to pass a transformer on."""
    made: Any = Lark.__new__(Lark)
    made._load(io.BytesIO(stored), transformer=actions)
    return made
