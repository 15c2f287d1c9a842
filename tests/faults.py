"""Seeded faults: valid programs with one mistake put in, of the kinds that people make.

`faults` gives each kind a chance at every place of a program where it applies. A fault knows the lines where a report
is right: the line that was changed, or the line of the bracket, loop or conditional that it leaves broken.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Fault(NamedTuple):
    """A program with a mistake in it, and the lines (from 1) where a report of it is right."""

    kind: str
    text: str
    lines: frozenset[int]


Seed = Callable[[list[str], int], "Iterator[tuple[list[str], set[int]]]"]
SEEDS: dict[str, Seed] = {}


def seed(function: Seed) -> Seed:
    SEEDS[function.__name__] = function
    return function


def faults(text: str, chance: random.Random, kinds: list[str] | None = None) -> list[Fault]:
    """One fault of each kind that applies to the program, at a place chosen by `chance`."""
    lines = text.split("\n")
    blocked = _text_blocks(lines)
    found = []
    for kind in kinds or list(SEEDS):
        places = list(range(len(lines)))
        chance.shuffle(places)
        for index in places:
            if index in blocked or lines[index].lstrip().startswith("//"):
                continue
            options = list(SEEDS[kind](lines, index))
            if options:
                changed, where = chance.choice(options)
                found.append(Fault(kind, "\n".join(changed), frozenset(where)))
                break
    return found


def two_faults(text: str, chance: random.Random) -> tuple[Fault, frozenset[int], frozenset[int]] | None:
    """A program with two mistakes, and the lines where each is right. Only kinds that keep the lines in place."""
    kinds = [kind for kind in SEEDS if kind not in ("bracket_line_dropped", "each_dropped")]
    chance.shuffle(kinds)
    first = next(iter(faults(text, chance, kinds[:4])), None)
    if first is None or first.text.count("\n") != text.count("\n"):
        return None
    for second in faults(first.text, chance, kinds[4:10]):
        apart = all(abs(a - b) > 2 for a in first.lines for b in second.lines)
        if apart and second.text.count("\n") == text.count("\n"):
            return second, first.lines, second.lines
    return None


def _text_blocks(lines: list[str]) -> set[int]:
    """The lines inside of text blocks and fences, delimiters included."""
    inside: set[int] = set()
    delimiter = ""
    for index, line in enumerate(lines):
        if delimiter:
            inside.add(index)
            if line.strip().startswith(delimiter):
                delimiter = ""
            continue
        match = re.search(r"(\"\"\"|'''|```)\s*$", line)
        if match:
            delimiter = match.group(1)
            inside.add(index)
    return inside


def _replaced(lines: list[str], index: int, line: str) -> list[str]:
    return [*lines[:index], line, *lines[index + 1 :]]


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _opener(lines: list[str], closing: int) -> int | None:
    """The line that opens the block which a line of `}` closes."""
    margin = _indentation(lines[closing])
    for index in range(closing - 1, -1, -1):
        if lines[index].strip() and _indentation(lines[index]) == margin and lines[index].rstrip().endswith("{"):
            return index
    return None


def _plain(line: str) -> bool:
    """Whether a line holds no comment, so that a change in it is a change of the program."""
    return "//" not in line


# Brackets and quotes -------------------------------------------------------------------------------------------------


@seed
def bracket_line_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    if lines[index].strip() == "}":
        opener = _opener(lines, index)
        if opener is not None:
            yield [*lines[:index], *lines[index + 1 :]], {opener + 1, index + 1}


@seed
def opening_brace_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if line.rstrip().endswith(" {") and _plain(line):
        yield _replaced(lines, index, line.rstrip()[:-2]), {index + 1}


@seed
def closing_quote_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(.*\"[^\"\\]+)\"(\s*)", lines[index])
    if match and _plain(lines[index]) and lines[index].count('"') == 2:
        yield _replaced(lines, index, match.group(1) + match.group(2)), {index + 1}


@seed
def opening_quote_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    match = re.fullmatch(r"(\s*\w+\s*= )\"([^\"\\]+\".*)", line)
    if match and _plain(line) and line.count('"') == 2:
        yield _replaced(lines, index, match.group(1) + match.group(2)), {index + 1}


@seed
def parenthesis_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if re.search(r"= .*\(.*\)\s*$", line) and _plain(line) and '"' not in line:
        yield _replaced(lines, index, line.rstrip()[:-1]), {index + 1}


@seed
def square_bracket_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if re.search(r"= \[.*\]\s*$", line) and _plain(line):
        yield _replaced(lines, index, line.rstrip()[:-1]), {index + 1}


@seed
def curly_quotes(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*\w+\s*= )\"([^\"\\]*)\"(\s*)", lines[index])
    if match:
        yield _replaced(lines, index, f"{match.group(1)}“{match.group(2)}”{match.group(3)}"), {index + 1}


# Signs ---------------------------------------------------------------------------------------------------------------


@seed
def colon_for_equals(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*(?:value|response|url|method|where|name|description))( =)( .*)", lines[index])
    if match:
        yield _replaced(lines, index, match.group(1) + ":" + match.group(3)), {index + 1}


@seed
def equals_for_colon(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*\w+)\s*: ([^:]*)", lines[index])
    if match and _plain(lines[index]):
        yield _replaced(lines, index, f"{match.group(1)} = {match.group(2)}"), {index + 1}


@seed
def comma_added(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if re.fullmatch(r"\s*(?:value|url|method|error|error_type|field_name|field_value) = [^{\[]*[^{\[(,|]", line):
        following = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if _plain(line) and not following.startswith("|"):
            yield _replaced(lines, index, line + ","), {index + 1}


@seed
def semicolon_added(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if re.fullmatch(r"\s*value = [^{\[]*[^{\[(,|]", line) and _plain(line):
        following = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if not following.startswith("|"):
            yield _replaced(lines, index, line + ";"), {index + 1}


@seed
def word_operator(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if " && " in line and '"' not in line and _plain(line):
        yield _replaced(lines, index, line.replace(" && ", " and ", 1)), {index + 1}


@seed
def single_equals(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    line = lines[index]
    if re.match(r"\s*(?:if|elseif|while|precondition) \(.* == ", line) and _plain(line):
        yield _replaced(lines, index, line.replace(" == ", " = ", 1)), {index + 1}


@seed
def parentheses_missing(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*(?:if|elseif|while|foreach) )\((\$[\w.]+(?: == [\w.$\"]+)?)\) \{", lines[index])
    if match:
        yield _replaced(lines, index, f"{match.group(1)}{match.group(2)} {{"), {index + 1}


@seed
def filter_unwrapped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.search(r"\((\$[\w.]+\|\w+)\) (==|>|<|\+|-|~|>=|<=) ", lines[index])
    if match:
        changed = lines[index][: match.start()] + match.group(1) + lines[index][match.end(1) + 1 :]
        yield _replaced(lines, index, changed), {index + 1}


@seed
def list_comma_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.search(r"(\[\"\w+\"), (\"\w+\")", lines[index])
    if match:
        changed = lines[index][: match.start()] + f"{match.group(1)} {match.group(2)}" + lines[index][match.end() :]
        yield _replaced(lines, index, changed), {index + 1}


# Words ---------------------------------------------------------------------------------------------------------------


@seed
def dollar_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*(?:var|var\.update|each as) )\$(\w+ \{)", lines[index])
    if match:
        yield _replaced(lines, index, match.group(1) + match.group(2)), {index + 1}


@seed
def result_dollar_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*\} as )\$(\w+)", lines[index])
    if match:
        yield _replaced(lines, index, match.group(1) + match.group(2)), {index + 1}


@seed
def statement_misspelled(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.match(
        r"(\s*)(db\.query|db\.get|db\.add|function\.run|api\.request|array\.push|precondition)\b", lines[index]
    )
    if match:
        word = match.group(2)
        wrong = word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word + "s"
        yield _replaced(lines, index, match.group(1) + wrong + lines[index][match.end() :]), {index + 1}


@seed
def attribute_misspelled(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s+)(value|field_name|field_value|error_type|url)( = .*)", lines[index])
    opener = next((i for i in range(index - 1, -1, -1) if _indentation(lines[i]) < _indentation(lines[index])), None)
    if match and opener is not None:
        word = match.group(2)
        where = {index + 1, opener + 1}
        yield _replaced(lines, index, match.group(1) + word[:-2] + word[-1] + word[-2] + match.group(3)), where


@seed
def filter_misspelled(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.search(r"\|(count|to_text|first|to_lower|json_decode|strlen|to_int)\b", lines[index])
    if match and _plain(lines[index]):
        word = match.group(1)
        wrong = word[0] + word[2] + word[1] + word[3:]
        yield (
            _replaced(lines, index, lines[index][: match.start(1)] + wrong + lines[index][match.end(1) :]),
            {index + 1},
        )


@seed
def foreign_type(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s+)(text|int|bool)(\??) (\w+\??.*)", lines[index])
    if match and "=" not in match.group(4):
        wrong = {"text": "string", "int": "integer", "bool": "boolean"}[match.group(2)]
        yield _replaced(lines, index, match.group(1) + wrong + match.group(3) + " " + match.group(4)), {index + 1}


@seed
def construct_misspelled(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.match(r"(function|query|table) ", lines[index])
    if match:
        word = match.group(1)
        yield _replaced(lines, index, word[:-2] + word[-1] + word[-2] + lines[index][len(word) :]), {index + 1}


@seed
def else_if(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    if "elseif (" in lines[index]:
        yield _replaced(lines, index, lines[index].replace("elseif (", "else if (", 1)), {index + 1}


@seed
def assignment(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    match = re.fullmatch(r"(\s*)var(?:\.update)? (\$\w+) \{ value = (.*) \}", lines[index])
    if match:
        yield _replaced(lines, index, f"{match.group(1)}{match.group(2)} = {match.group(3)}"), {index + 1}


# Blocks --------------------------------------------------------------------------------------------------------------


@seed
def each_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    """The lines of `each ... {` and its `}` are gone."""
    if re.match(r"\s*each\b.*\{\s*$", lines[index]):
        margin = _indentation(lines[index])
        for closing in range(index + 1, len(lines)):
            if lines[closing].strip() == "}" and _indentation(lines[closing]) == margin:
                kept = [*lines[:index], *lines[index + 1 : closing], *lines[closing + 1 :]]
                first = next(
                    i for i in range(index, len(kept)) if not kept[i].lstrip().startswith("//") and kept[i].strip()
                )
                yield kept, {index, first + 1}
                return


@seed
def conditional_dropped(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    """`conditional {` is written as a second `if`, or not at all."""
    if lines[index].strip() == "conditional {":
        margin = _indentation(lines[index])
        for closing in range(index + 1, len(lines)):
            if lines[closing].strip() == "}" and _indentation(lines[closing]) == margin:
                parent = next(line for line in reversed(lines[:index]) if line.strip() and _indentation(line) < margin)
                if parent.strip().startswith("each"):  # there an `if` alone is accepted
                    return
                kept = _replaced(_replaced(lines, index, ""), closing, "")
                yield kept, {index + 1, index + 2}
                return


@seed
def response_inside(lines: list[str], index: int) -> Iterator[tuple[list[str], set[int]]]:
    """`response` moved to the end of the stack."""
    match = re.match(r"  response = (?!\{)", lines[index])
    if match:
        for closing in range(index - 1, 0, -1):
            if lines[closing] == "  }":
                moved = [*lines[:closing], "  " + lines[index], *lines[closing:index], *lines[index + 1 :]]
                yield moved, {closing + 1}
                return
            if lines[closing].strip():
                return
