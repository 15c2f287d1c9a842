"""Twig's tokens, from Jinja's lexer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import Environment
from jinja2.lexer import Lexer

#: Operators that Jinja lacks; a rule named "keyword" gives tokens whose type is their text.
_OPERATORS = re.compile(r"\?\?|\?:|\?\.|\?|\.\.\.|\.\.|=>|<=>|===|!==")
_VARIABLE = re.compile(r"\$[A-Za-z_]\w*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_VERBATIM = re.compile(r"\{%(-?)\s*(end)?verbatim\s*(-?)%\}")
_LINE_TRIM = re.compile(r"[ \t]*\{([{%#])~|~([}%#])\}[ \t]*")


class TwigLexer(Lexer):
    """Jinja's lexer with Twig's operators, `$names`, and strings whose quotes matter."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for state in ("block_begin", "variable_begin"):
            ending, *others = self.rules[state]
            rule = type(ending)
            added = [
                rule(_OPERATORS, "keyword", None),
                rule(_VARIABLE, "twig_variable", None),
                rule(_STRING, "twig_string", None),
            ]
            self.rules[state] = [ending, *added, *others]

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """The tokens of a template; Twig's spellings of Jinja's `raw` and of trimming within a line are translated."""
        source = _VERBATIM.sub(r"{%\1 \2raw \3%}", source)
        source = _LINE_TRIM.sub(lambda found: f"{{{found[1]}" if found[1] else f"{found[2]}}}", source)
        for line, token, text in super().tokeniter(source, name, filename, state):
            yield (line, *_number(text)) if token == "integer" else (line, token, text)


def _number(text: str) -> tuple[str, str]:
    """A token of digits: a decimal where they have more than 64 bits, since Python does not read very long integers."""
    digits = text.replace("_", "")
    if not digits.isdigit():  # hexadecimal and the like
        return ("integer", text) if len(text) < 1000 else ("float", "1e999")
    digits = digits.lstrip("0") or "0"
    return ("integer", digits) if len(digits) < 20 and int(digits) < 2**63 else ("float", f"{digits}.0")


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "b": "\b", "e": "\x1b"}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)


def unescape(text: str) -> str:
    """The inside of a string as PHP's stripcslashes reads it."""

    def character(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "x" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code.isdigit():
            return chr(int(code, 8) & 0xFF)
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(character, text)
