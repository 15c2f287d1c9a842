"""Random edits of a workspace, as people and agents make them: words, lines, whole files; many leave it broken."""

from __future__ import annotations

import random
import re

_WORD = re.compile(r"[A-Za-z_]\w*|\$\w+|[{}\[\]()|=:,\"]|\d+")
#: What is put in the place of a word, or between lines.
_PIECES = (
    *("title", "owner", "price", "stock_0", "stock_1", '"pricing/price_1"', '"pricing/price_2"', "pricing/price_3"),
    *("int", "text", "email", "id", "$input.owner", "$total", "{", "}", '"', "|", "|first", "|frist", "=", "verb=POST"),
    *("function.run", "db.query", "table", "query", "function", "nothing", "// xsrun: ignore\n", "\n", "é", "\r\n"),
    *(
        "text added",
        'dblink {\n table = "stock_1"\n }',
        "function.run stock { }",
        'db.get stock_9 { field_name = "no" }',
    ),
)


def _word(chance: random.Random, text: str) -> str:
    """One word becomes another."""
    words = [*_WORD.finditer(text)]
    if not words:
        return text + chance.choice(_PIECES)
    found = chance.choice(words)
    return text[: found.start()] + chance.choice(_PIECES) + text[found.end() :]


def _everywhere(chance: random.Random, text: str) -> str:
    """A name becomes another wherever it stands in the text."""
    words = re.findall(r"[A-Za-z_]\w*", text)
    return text.replace(chance.choice(words), chance.choice(_PIECES)) if words else text


def _line(chance: random.Random, text: str) -> str:
    """A line goes, comes a second time, or comes new."""
    lines = text.splitlines(keepends=True)
    place, kind = chance.randrange(len(lines) + 1), chance.randrange(3)
    if kind == 0:
        del lines[place : place + 1]
    elif kind == 1:
        lines[place:place] = lines[place : place + 1]
    else:
        lines.insert(place, f"    {chance.choice(_PIECES)} {chance.choice(_PIECES)}\n")
    return "".join(lines)


def edit(chance: random.Random, texts: dict[str, str]) -> tuple[str, str | None]:
    """One edit: the name of a file, and its text from now on, None when it is gone."""
    name = chance.choice(sorted(texts))
    kind = chance.randrange(10)
    if kind == 0 and len(texts) > 4:
        return name, None
    if kind == 1:
        return f"{name.rpartition('/')[0]}/copy_{chance.randrange(3)}.xs", texts[name]
    if kind == 2:
        return name, texts[chance.choice(sorted(texts))]
    change = chance.choice((_word, _word, _everywhere, _line, _line))
    return name, change(chance, texts[name])
