"""Something between any two tokens of a program: it is the same program and formats as one, or an error of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_formatter import PROGRAMS, check_laws, comments, read

import xsrun
from xsrun.errors import InternalError
from xsrun.syntax.format.formatter import format_source
from xsrun.syntax.lexer import Lexer
from xsrun.syntax.parser import parse
from xsrun.syntax.source import Source

#: what is put between two tokens; only blanks never make another program
BETWEEN = [" ", "  ", "\t", "\u00a0", "\n", "\n\n\n", "\r\n", " // a\n", "\n// b\n", "\n  // c {\n\n", " //\u00a0d }\n"]


def boundaries(text: str) -> list[int]:
    """The places before each token, and the end."""
    return [*(token.start_pos for token in Lexer(Source(text)).tokens() if token.type != "_NEWLINE"), len(text)]


def changed(text: str) -> Iterator[tuple[int, str, str]]:
    """The program with each piece at each boundary."""
    for at in boundaries(text):
        for piece in BETWEEN:
            yield at, piece, text[:at] + piece + text[at:]


def assert_law(at: int, piece: str, text: str) -> None:
    """A text that parses is formatted by the laws; one that does not is refused with a place, by all alike."""
    try:
        parse(text)
    except xsrun.XanoScriptError as refused:
        assert not isinstance(refused, InternalError), (at, piece, text)
        with pytest.raises(xsrun.XanoScriptError) as other:
            format_source(text)
        assert not isinstance(other.value, InternalError)
        assert any(one.severity == "error" for one in xsrun.check({"a.xs": text})), (at, piece, text)
        return
    check_laws(text)
    wanted = piece.count("//")
    assert len(comments(text)) >= wanted


def texts() -> list[str]:
    return [read(path).replace("\r\n", "\n") for path in PROGRAMS]


def test_some_boundaries() -> None:
    chance = random.Random(5)
    for text in texts():
        places = list(changed(text)) if len(text) < 20_000 else []
        for one in chance.sample(places, min(len(places), 6)):
            assert_law(*one)


@pytest.mark.slow
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: Path(path).name)
def test_all_boundaries(path: Path) -> None:
    for one in changed(read(path).replace("\r\n", "\n")):
        assert_law(*one)
