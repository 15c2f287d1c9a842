"""Writes the grammar of colours for editors from the terminals, words and builtins of the language.

    python xsrun/editor/vscode/make_grammar.py

A test compares the file with what this makes. Editors colour line by line and without knowledge of what a name means;
the language server's tokens say more where an editor asks for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from xsrun.language import catalogue
from xsrun.language.constructs import KINDS, OPEN_KINDS
from xsrun.language.token_classes import BLOCK_WORDS, CONDITION_WORDS, INFIX_OPERATORS, SIGNS
from xsrun.language.types import TYPES
from xsrun.syntax.tables import patterns

TARGET = Path(__file__).parent / "syntaxes" / "xanoscript.tmLanguage.json"

Rule = dict[str, object]

#: The scopes of single tokens, in the order in which they are tried.
SCOPES = {
    "TIMESTAMP": "constant.numeric.timestamp",
    "NUMBER": "constant.numeric",
    "CAST": "storage.type.cast",
    "FILTER": "support.function.filter",
    "VARIABLE": "variable.other",
    "MEMBER": "variable.other.property",
    "KEY": "support.type.property-name",
    "CALL": "support.function.call",
    "SPREAD": "keyword.operator.spread",
}
CONSTANTS = ("TRUE", "FALSE", "NULL", "NOW")
#: Operators that are words, which stand between blanks.
WORDS = ("WORD_OPERATOR", "BETWEEN", "AS")


def terminal(name: str) -> str:
    """The pattern of a terminal, as editors read it."""
    return patterns()[name].replace("\\u00a0", "\\x{00A0}").replace("\u00a0", "\\x{00A0}").replace("(?u:", "(?:")


def scope(name: str) -> str:
    return f"{name}.xanoscript"


def matching(pattern: str, name: str) -> Rule:
    return {"match": pattern, "name": scope(name)}


def one_of(words: Iterable[str]) -> str:
    """A pattern for some words, the longest first."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return f"(?:{'|'.join(map(re.escape, ordered))})"


def quoted(begin: str, end: str, name: str, *inner: Rule) -> Rule:
    """What stands between quotes."""
    escape = matching(r"\\.", "constant.character.escape")
    return {"begin": begin, "end": end, "name": scope(name), "patterns": [escape, *inner]}


def head(pattern: str, *names: str) -> Rule:
    """What a line may begin with, a `!` before it; the names of its groups, empty for none."""
    named = {str(number): {"name": scope(name)} for number, name in enumerate(("", _OFF, *names), 1) if name}
    return {"match": rf"^(\s*)(!?){pattern}", "captures": named}


_OFF = "keyword.operator.disabled"


def statement_heads() -> list[Rule]:
    """Constructs, blocks, statements, fields, attributes."""
    names = one_of(catalogue.names("statement"))
    kinds, blocks = one_of({*KINDS, *OPEN_KINDS}), one_of({*BLOCK_WORDS, *CONDITION_WORDS, "test", "view", "mock"})
    types = one_of(TYPES)
    return [
        head(rf"({kinds})(?=\s)(?!\s*=)(?:\s+([\w/{{}}.\-]+))?", "storage.type.construct", "entity.name.function"),
        head(rf"({blocks})(?=\s*[({{]|\s+as\b|\s*$|\s+\")", "keyword.control"),
        head(rf"({names})(?![\w.])(?=\s|[({{])", "support.function.statement"),
        head(
            rf"({types})(\[[\d:\s]*\])?(\?)?\s+([A-Za-z_]\w*)(\?)?(?=[\s?={{]|$)",
            *("storage.type.field", "", "keyword.operator.nullable", "variable.parameter", "keyword.operator.optional"),
        ),
        head(r"([A-Za-z_]\w*)\s*(=)(?![=~])", "entity.other.attribute-name", "keyword.operator.assignment"),
    ]


def grammar() -> Rule:
    """The whole grammar."""
    symbols = [name for name in sorted(INFIX_OPERATORS | SIGNS) if name not in (*WORDS, "_COLON")]
    operators = "|".join(sorted({terminal(name) for name in symbols}, key=lambda text: (-len(text), text)))
    values = [matching(terminal(name), name_of) for name, name_of in SCOPES.items()]
    constants = "|".join(terminal(name) for name in CONSTANTS)
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "XanoScript",
        "scopeName": "source.xanoscript",
        "fileTypes": ["xs"],
        "patterns": [{"include": f"#{name}"} for name in ("comments", "texts", "heads", "values")],
        "repository": {
            "comments": {"patterns": [matching(r"(?<!:)//.*$", "comment.line.double-slash")]},
            "texts": {
                "patterns": [
                    quoted('"""', '"""', "string.quoted.triple"),
                    quoted("'''", "'''", "string.quoted.triple"),
                    quoted("```", "```", "string.unquoted.fence", {"include": "#values"}),
                    quoted("`", "`", "string.interpolated", {"include": "#values"}),
                    quoted('"', '"|$', "string.quoted.double"),
                    quoted("'", "'|$", "string.quoted.single"),
                ]
            },
            "heads": {"patterns": statement_heads()},
            "values": {
                "patterns": [
                    *values,
                    matching(rf"\b(?:{constants})\b", "constant.language"),
                    matching(rf"(?<=\s)(?:{'|'.join(terminal(name) for name in WORDS)})", "keyword.operator.word"),
                    matching(operators, "keyword.operator"),
                ]
            },
        },
    }


def text() -> str:
    return json.dumps(grammar(), indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(), encoding="utf-8")
